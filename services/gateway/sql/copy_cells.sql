-- One month and level, in the order of its key.
SELECT i, j, category_id, group_id, n
FROM {table}
WHERE month = $1 AND level = $2
ORDER BY i, j
