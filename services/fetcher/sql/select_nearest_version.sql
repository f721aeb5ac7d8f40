-- The loaded month nearest to the one that is planned; of two, the newer.
SELECT c.version_id, c.month
FROM current_version AS c
WHERE c.dataset = $1
ORDER BY abs(c.month - $2::date), c.month DESC
LIMIT 1
