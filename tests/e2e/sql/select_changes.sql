-- Records of the current version of each month of street crimes that the version before it has not, and the
-- number of these whose crime the version before has with another outcome.
WITH pair AS (
    SELECT c.month, c.version_id AS new, max(v.id) AS old
    FROM current_version AS c
    JOIN version AS v ON v.dataset = c.dataset AND v.month = c.month AND v.id < c.version_id
    WHERE c.dataset = 'street'
    GROUP BY c.month, c.version_id
)

SELECT
    to_char(pair.month, 'YYYY-MM') AS month,
    count(*)::integer AS changed,
    count(*) FILTER (
        WHERE EXISTS (
            SELECT FROM street_crime AS o
            WHERE
                o.version_id = pair.old
                AND (o.persistent_id, o.snap_point_id, o.category_id)
                = (n.persistent_id, n.snap_point_id, n.category_id)
                AND o.outcome_id <> n.outcome_id
        )
    )::integer AS outcome_changed,
    (
        SELECT count(*)::integer
        FROM street_crime AS o
        WHERE
            o.version_id = pair.old
            AND NOT EXISTS (
                SELECT FROM street_crime AS s
                WHERE s.version_id = pair.new AND (s.content_hash, s.ordinal) = (o.content_hash, o.ordinal)
            )
    ) AS gone
FROM pair
JOIN street_crime AS n ON n.version_id = pair.new
WHERE
    NOT EXISTS (
        SELECT FROM street_crime AS o
        WHERE o.version_id = pair.old AND (o.content_hash, o.ordinal) = (n.content_hash, n.ordinal)
    )
GROUP BY pair.month, pair.new, pair.old
ORDER BY pair.month
