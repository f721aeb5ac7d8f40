-- Months whose files are missing or older than the records, the outcome mapping or the layout. Newest first:
-- these are asked for most.
SELECT c.dataset, c.month
FROM current_version AS c
LEFT JOIN download AS d ON d.dataset = c.dataset AND d.month = c.month AND d.replaced_at IS NULL
WHERE
    d.edition IS DISTINCT FROM concat_ws(
        '.', c.version_id, (SELECT coalesce(max(mapping_version), 0) FROM outcome_mapping), $1::integer
    )
ORDER BY c.month DESC, c.dataset
