-- Runs with how far each has come.
SELECT
    r.id,
    r.dataset,
    r.month,
    r.state,
    r.error,
    s.slices,
    s.slices_fetched,
    s.records_fetched,
    s.slice_error,
    v.verdict,
    v.version_id,
    coalesce(v.reasons, '{}') AS reasons,
    coalesce(ver.stored, 0) AS stored,
    c.version_id AS seen,
    coalesce(g.version_id >= v.version_id OR c.version_id <> v.version_id, false) AS gridded
FROM run AS r
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE slice.state <> 'split')::integer AS slices,
        count(*) FILTER (WHERE slice.state = 'fetched')::integer AS slices_fetched,
        coalesce(sum(slice.records), 0)::integer AS records_fetched,
        coalesce(max(slice.error) FILTER (WHERE slice.state = 'waiting'), '') AS slice_error
    FROM slice
    WHERE slice.run_id = r.id
) AS s
LEFT JOIN verdict AS v ON v.run_id = r.id
LEFT JOIN version AS ver ON ver.id = v.version_id
LEFT JOIN current_version AS c ON c.dataset = r.dataset AND c.month = r.month
LEFT JOIN grid AS g ON g.dataset = r.dataset AND g.month = r.month
WHERE r.id = ANY($1::uuid [])
ORDER BY r.dataset, r.month, r.queued_at
