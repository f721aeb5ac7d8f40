-- Seconds since the newest release was noticed, by dataset; zero once readers see its newest month, on maps too.
SELECT
    asked.dataset,
    CASE
        WHEN EXISTS (
            SELECT
            FROM current_version AS c
            LEFT JOIN grid AS g ON g.dataset = c.dataset AND g.month = c.month
            WHERE
                c.dataset = asked.dataset
                AND c.month = newest.newest_month
                AND (asked.dataset = 'outcomes' OR g.version_id IS NOT NULL)
        ) THEN 0
        ELSE extract(EPOCH FROM clock_timestamp() - newest.seen_at)
    END::double precision AS seconds
FROM (SELECT newest_month, seen_at FROM release ORDER BY newest_month DESC LIMIT 1) AS newest
CROSS JOIN unnest($1::text []) AS asked (dataset)
