-- The version of a month that readers of records see, and the mapping that its outcomes are grouped by.
SELECT
    v.id AS version,
    (SELECT coalesce(max(mapping_version), 0) FROM outcome_mapping) AS mapping_version,
    v.source,
    v.release,
    v.loaded_at,
    v.stored,
    (SELECT max(k.id) FROM reconciliation AS k WHERE k.api_version_id = v.id) AS reconciliation
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
WHERE c.dataset = $1 AND c.month = $2
