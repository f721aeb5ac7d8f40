SELECT level, count(DISTINCT (i, j))::integer AS cells, sum(n)::integer AS records
FROM {table}
WHERE month = $1
GROUP BY level
ORDER BY level
