-- The version of every month that readers see, and the one that its cells show.
SELECT
    c.dataset,
    c.month,
    v.id AS version,
    v.source,
    v.release,
    v.loaded_at,
    v.stored,
    g.version_id AS grid_version,
    g.mapping_version,
    g.rebuilt_at,
    g.off_grid
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
LEFT JOIN grid AS g ON g.dataset = c.dataset AND g.month = c.month
