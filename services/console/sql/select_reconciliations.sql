-- The newest comparison of each month with an archive, by the force that recorded and the police area of the place.
SELECT
    k.id, k.dataset, k.month, k.reconciled_at, k.api_version, k.archive_version, k.api_records, k.archive_records,
    recorder.slug AS recorded_by, area.slug AS police_area,
    n.equal, n.other_outcome, n.api_unlocated, n.api_otherwise, n.archive_unlocated, n.archive_outside,
    n.archive_otherwise
FROM (
    SELECT DISTINCT ON (api.dataset, api.month)
        r.id, api.dataset, api.month, r.reconciled_at, api.id AS api_version, archive.id AS archive_version,
        api.stored AS api_records, archive.stored AS archive_records
    FROM reconciliation AS r
    JOIN version AS api ON api.id = r.api_version_id
    JOIN version AS archive ON archive.id = r.archive_version_id
    WHERE
        api.dataset = ANY($1::text [])
        AND ($2::date [] IS NULL OR api.month = ANY($2::date []))
        AND EXISTS (SELECT FROM verdict AS d WHERE d.version_id = api.id AND d.verdict <> 'rejected')
    ORDER BY api.dataset, api.month, r.id DESC
) AS k
LEFT JOIN reconciliation_count AS n ON n.reconciliation_id = k.id
LEFT JOIN force AS recorder ON recorder.id = n.recorded_by
LEFT JOIN force AS area ON area.id = n.police_area
WHERE $3::text [] IS NULL OR recorder.slug = ANY($3::text []) OR area.slug = ANY($3::text [])
ORDER BY k.month DESC, k.dataset, recorder.slug NULLS LAST, area.slug NULLS LAST
