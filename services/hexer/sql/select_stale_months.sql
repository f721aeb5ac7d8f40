-- Months whose read models are missing or older than the records or the outcome mapping.
SELECT c.dataset, c.month, c.version_id, v.run_id, v.stored
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
LEFT JOIN grid AS g ON g.dataset = c.dataset AND g.month = c.month
WHERE
    g.version_id IS DISTINCT FROM c.version_id
    OR g.mapping_version <> (SELECT coalesce(max(mapping_version), 0) FROM outcome_mapping)
ORDER BY c.month, c.dataset
