SELECT reason, count(*)::integer AS n
FROM set_aside
WHERE run_id = $1
GROUP BY reason
ORDER BY n DESC
LIMIT 5
