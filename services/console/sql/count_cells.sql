-- Different cells that have records in any month.
SELECT level, count(DISTINCT (i, j))::integer AS cells
FROM {table}
GROUP BY level
ORDER BY level
