SELECT c.dataset, s.reason, count(*)::integer AS n
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
JOIN set_aside AS s ON s.run_id = v.run_id
GROUP BY c.dataset, s.reason
ORDER BY c.dataset, n DESC, s.reason
