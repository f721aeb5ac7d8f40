-- Counts of the cells of given columns, each with its first and last row.
SELECT cell.i, cell.j, cell.category_id, cell.group_id, sum(cell.n)::integer AS n
FROM unnest($1::date []) AS asked (month)
CROSS JOIN unnest($3::smallint [], $4::smallint [], $5::smallint []) AS col (i, j_min, j_max)
CROSS JOIN LATERAL (
    SELECT c.i, c.j, c.category_id, c.group_id, c.n
    FROM {table} AS c
    WHERE
        c.month = asked.month
        AND c.level = $2
        AND c.i = col.i
        AND c.j BETWEEN col.j_min AND col.j_max
        AND ($6::smallint [] IS NULL OR c.category_id = ANY($6))
        AND ($7::smallint [] IS NULL OR c.group_id = ANY($7))
) AS cell
GROUP BY cell.i, cell.j, cell.category_id, cell.group_id
