SELECT s.run_id, s.id
FROM slice AS s
JOIN run AS r ON r.id = s.run_id
WHERE r.state = 'fetching' AND r.source = 'api' AND s.state = 'waiting'
ORDER BY r.started_at, s.id
