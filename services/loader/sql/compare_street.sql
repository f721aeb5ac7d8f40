-- What differs between version {before} and the one that replaces it, by police area and category. Records that
-- are in both are left out; of the others those of the same crime at the same place are one that changed.
WITH gone AS (
    SELECT
        o.persistent_id, o.snap_point_id, o.category_id, o.outcome_id, o.outcome_month,
        row_number() OVER (
            PARTITION BY o.persistent_id, o.snap_point_id, o.category_id ORDER BY o.content_hash, o.ordinal
        ) AS twin
    FROM {before} AS o
    WHERE NOT EXISTS (
        SELECT FROM {target} AS n WHERE n.content_hash = o.content_hash AND n.ordinal = o.ordinal
    )
),

come AS (
    SELECT
        n.persistent_id, n.snap_point_id, n.category_id, n.outcome_id, n.outcome_month,
        row_number() OVER (
            PARTITION BY n.persistent_id, n.snap_point_id, n.category_id ORDER BY n.content_hash, n.ordinal
        ) AS twin
    FROM {target} AS n
    WHERE NOT EXISTS (
        SELECT FROM {before} AS o WHERE o.content_hash = n.content_hash AND o.ordinal = n.ordinal
    )
),

both_sides AS (
    SELECT
        snap_point_id, category_id,
        gone.twin IS NULL AS is_added,
        come.twin IS NULL AS is_removed,
        (gone.outcome_id, gone.outcome_month) IS DISTINCT FROM (come.outcome_id, come.outcome_month) AS is_decided
    FROM gone
    FULL JOIN come USING (persistent_id, snap_point_id, category_id, twin)
)

INSERT INTO revision_count (
    revision_id, force_id, category_id, added, removed, outcome_changed, otherwise_changed
)
SELECT
    $1, f.id, b.category_id,
    count(*) FILTER (WHERE b.is_added),
    count(*) FILTER (WHERE b.is_removed),
    count(*) FILTER (WHERE NOT b.is_added AND NOT b.is_removed AND b.is_decided),
    count(*) FILTER (WHERE NOT b.is_added AND NOT b.is_removed AND NOT b.is_decided)
FROM both_sides AS b
JOIN snap_point AS p ON p.id = b.snap_point_id
LEFT JOIN force AS btp ON btp.slug = 'btp'
LEFT JOIN force AS f ON f.id = CASE WHEN p.location_type = 'BTP' THEN btp.id ELSE p.force_id END
GROUP BY f.id, b.category_id
