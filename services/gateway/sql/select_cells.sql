-- Which cells of a rectangle of columns and rows have records. One probe of the index per month and column reads
-- exactly the rows of that column, where a plain range of columns would read them from coast to coast.
SELECT DISTINCT cell.i, cell.j
FROM unnest($1::date []) AS asked (month)
CROSS JOIN generate_series($3::integer, $4::integer) AS col (i)
CROSS JOIN LATERAL (
    SELECT c.i, c.j
    FROM {table} AS c
    WHERE
        c.month = asked.month
        AND c.level = $2
        AND c.i = col.i::smallint
        AND c.j BETWEEN $5 AND $6
        AND ($7::smallint [] IS NULL OR c.category_id = ANY($7))
        AND ($8::smallint [] IS NULL OR c.group_id = ANY($8))
) AS cell
LIMIT $9
