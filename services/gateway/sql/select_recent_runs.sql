-- The newest orders to fetch a month and what became of them. Why one failed is not told here: it may name machines.
SELECT
    r.dataset,
    r.month,
    r.source,
    r.forces IS NOT NULL AS is_part,
    r.state,
    r.queued_at,
    r.ended_at,
    d.verdict,
    d.decided_at
FROM run AS r
LEFT JOIN verdict AS d ON d.run_id = r.id
ORDER BY r.queued_at DESC, r.dataset
LIMIT $1
