-- The version that readers of records see, and the one that the read models hold.
SELECT
    v.id AS version_id,
    v.stored,
    g.version_id AS built_version,
    g.mapping_version AS built_mapping,
    g.records AS built_records
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
LEFT JOIN grid AS g ON g.dataset = c.dataset AND g.month = c.month
WHERE c.dataset = $1 AND c.month = $2
