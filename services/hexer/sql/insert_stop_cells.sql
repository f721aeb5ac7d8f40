-- One level: {level} is its edge length in metres.
INSERT INTO stop_cell (month, level, i, j, category_id, group_id, n)
SELECT $1::date, {level}, i_{level}, j_{level}, category_id, group_id, sum(n)
FROM fresh
WHERE i_{level} IS NOT NULL
GROUP BY i_{level}, j_{level}, category_id, group_id
ORDER BY i_{level}, j_{level}, category_id, group_id
