SELECT
    s.id, s.kind, s.force, s.tile, s.expected, s.state,
    r.dataset, r.month, r.source, r.state AS run_state
FROM slice AS s
JOIN run AS r ON r.id = s.run_id
WHERE s.run_id = $1 AND s.id = $2
