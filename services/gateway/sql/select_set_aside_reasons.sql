SELECT reason, count(*)::integer AS records
FROM set_aside
WHERE run_id = $1
GROUP BY reason
ORDER BY records DESC, reason
