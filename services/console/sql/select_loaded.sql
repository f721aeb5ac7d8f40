-- What readers see, month by month.
SELECT
    c.dataset,
    c.month,
    v.id AS version,
    v.stored AS records,
    v.duplicates,
    v.set_aside,
    v.out_of_scope,
    v.checksum,
    v.loaded_at,
    g.version_id AS grid_version,
    d.seconds AS load_seconds,
    g.seconds AS grid_seconds
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
LEFT JOIN verdict AS d ON d.run_id = v.run_id
LEFT JOIN grid AS g ON g.dataset = c.dataset AND g.month = c.month
ORDER BY c.dataset, c.month
