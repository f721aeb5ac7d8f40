-- The ledger, newest first; of a built version that was never shown there is no verdict, and nothing to tell.
SELECT
    r.id,
    new.dataset,
    new.month,
    r.kind,
    r.reason,
    r.is_compared,
    r.revised_at,
    new.id AS version,
    new.source,
    new.release,
    new.stored AS records,
    old.id AS replaced_version,
    old.source AS replaced_source,
    old.release AS replaced_release,
    old.stored AS replaced_records
FROM revision AS r
JOIN version AS new ON new.id = r.version_id
JOIN version AS old ON old.id = r.replaced_id
WHERE
    ($1::text [] IS NULL OR new.dataset = ANY($1::text []))
    AND ($2::date [] IS NULL OR new.month = ANY($2::date []))
    AND ($3::integer IS NULL OR r.id < $3)
    AND (
        r.kind = 'rolled_back'
        OR EXISTS (SELECT FROM verdict AS d WHERE d.run_id = new.run_id AND d.verdict = 'loaded')
    )
    AND (
        $4::text [] IS NULL
        OR NOT r.is_compared
        OR EXISTS (
            SELECT FROM revision_count AS n
            JOIN force AS f ON f.id = n.force_id
            WHERE n.revision_id = r.id AND f.slug = ANY($4::text [])
        )
    )
ORDER BY r.id DESC
LIMIT $5
