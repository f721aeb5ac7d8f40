-- One cell's counts of each month: one probe of the index a month.
SELECT c.month, c.category_id, c.group_id, c.n
FROM unnest($1::date []) AS asked (month)
CROSS JOIN LATERAL (
    SELECT cell.month, cell.category_id, cell.group_id, cell.n
    FROM {table} AS cell
    WHERE
        cell.month = asked.month
        AND cell.level = $2
        AND cell.i = $3
        AND cell.j = $4
        AND ($5::smallint [] IS NULL OR cell.category_id = ANY($5))
        AND ($6::smallint [] IS NULL OR cell.group_id = ANY($6))
) AS c
