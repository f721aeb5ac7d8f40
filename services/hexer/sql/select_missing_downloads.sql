-- Months whose files are missing or older than the records, the outcome mapping, the layout or the comparison with an
-- archive. Newest first:
-- these are asked for most.
SELECT c.dataset, c.month
FROM current_version AS c
LEFT JOIN download AS d ON d.dataset = c.dataset AND d.month = c.month AND d.replaced_at IS NULL
WHERE
    d.edition IS DISTINCT FROM concat_ws(
        '.', c.version_id, (SELECT coalesce(max(mapping_version), 0) FROM outcome_mapping), $1::integer,
        (SELECT max(k.id) FROM reconciliation AS k WHERE k.api_version_id = c.version_id)
    )
ORDER BY c.month DESC, c.dataset
