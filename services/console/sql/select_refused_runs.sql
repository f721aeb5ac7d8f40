-- Of every month the run that was decided or failed last, where it brought nothing.
SELECT last.id
FROM (
    SELECT DISTINCT ON (r.dataset, r.month)
        r.id,
        r.state,
        v.verdict
    FROM run AS r
    LEFT JOIN verdict AS v ON v.run_id = r.id
    WHERE v.verdict <> 'reconciled' OR r.state = 'failed'
    ORDER BY r.dataset, r.month, coalesce(v.decided_at, r.ended_at) DESC
) AS last
WHERE last.state = 'failed' OR last.verdict = 'rejected'
