-- Replaced versions with the sums of what differs, the newest first; those that were built and never shown are left out.
SELECT
    r.id, new.dataset, new.month, r.kind, r.reason, r.is_compared, r.revised_at,
    old.id AS replaced_version, new.id AS version, old.stored AS replaced_records, new.stored AS records,
    coalesce(sum(n.added), 0)::integer AS added,
    coalesce(sum(n.removed), 0)::integer AS removed,
    coalesce(sum(n.outcome_changed), 0)::integer AS outcome_changed,
    coalesce(sum(n.otherwise_changed), 0)::integer AS otherwise_changed
FROM revision AS r
JOIN version AS new ON new.id = r.version_id
JOIN version AS old ON old.id = r.replaced_id
LEFT JOIN revision_count AS n ON n.revision_id = r.id
WHERE
    new.dataset = ANY($1::text [])
    AND ($2::date [] IS NULL OR new.month = ANY($2::date []))
    AND (
        r.kind = 'rolled_back'
        OR EXISTS (SELECT FROM verdict AS d WHERE d.run_id = new.run_id AND d.verdict = 'loaded')
    )
GROUP BY r.id, new.id, old.id
ORDER BY r.id DESC
LIMIT $3
