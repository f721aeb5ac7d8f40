-- The newest comparison of each month with an archive, newest first; of a built version that was never shown there is
-- nothing to tell.
SELECT k.*
FROM (
    SELECT DISTINCT ON (api.dataset, api.month)
        r.id,
        api.dataset,
        api.month,
        r.reconciled_at,
        api.id AS api_version,
        api.release AS api_release,
        api.stored AS api_records,
        archive.id AS archive_version,
        archive.release AS archive_release,
        archive.stored AS archive_records
    FROM reconciliation AS r
    JOIN version AS api ON api.id = r.api_version_id
    JOIN version AS archive ON archive.id = r.archive_version_id
    WHERE
        ($1::text [] IS NULL OR api.dataset = ANY($1::text []))
        AND ($2::date [] IS NULL OR api.month = ANY($2::date []))
        AND EXISTS (SELECT FROM verdict AS d WHERE d.version_id = api.id AND d.verdict <> 'rejected')
    ORDER BY api.dataset, api.month, r.id DESC
) AS k
WHERE
    ($3::integer IS NULL OR k.id < $3)
    AND (
        $4::text [] IS NULL
        OR EXISTS (
            SELECT FROM reconciliation_count AS n
            JOIN force AS f ON f.id IN (n.recorded_by, n.police_area)
            WHERE n.reconciliation_id = k.id AND f.slug = ANY($4::text [])
        )
    )
ORDER BY k.id DESC
LIMIT $5
