-- One level: {level} is its edge length in metres. Sorted by i and j, which as one number sort much faster.
INSERT INTO street_cell (month, level, i, j, category_id, group_id, n)
SELECT $1::date, {level}, i_{level}, j_{level}, category_id, group_id, sum(n)
FROM fresh
WHERE i_{level} IS NOT NULL
GROUP BY i_{level}, j_{level}, category_id, group_id
ORDER BY i_{level} * 65536 + j_{level}, category_id, group_id
