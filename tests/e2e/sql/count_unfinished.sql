-- Runs that are not decided, and months whose read models are not those of their version.
SELECT
    (SELECT count(*) FROM run WHERE state IN ('queued', 'fetching'))
    + (
        SELECT count(*)
        FROM run AS r
        WHERE r.state = 'fetched' AND NOT EXISTS (SELECT FROM verdict AS v WHERE v.run_id = r.id)
    )
    + (
        SELECT count(*)
        FROM current_version AS c
        LEFT JOIN grid AS g ON g.dataset = c.dataset AND g.month = c.month
        WHERE g.version_id IS DISTINCT FROM c.version_id
    ) AS unfinished,
    (SELECT count(*) FROM run) AS runs
