-- What differs between version {before} and the one that replaces it, by force and object of search. Stops have no
-- id: those of the same people, time and place are one that changed.
WITH gone AS (
    SELECT
        o.snap_point_id, o.force_id, o.happened_at, o.type_id, o.gender_id,
        o.age_range_id, o.self_ethnicity_id, o.officer_ethnicity_id, o.legislation_id, o.category_id,
        o.outcome_id, o.outcome_linked,
        row_number() OVER (
            PARTITION BY
                o.snap_point_id, o.force_id, o.happened_at, o.type_id, o.gender_id,
                o.age_range_id, o.self_ethnicity_id, o.officer_ethnicity_id, o.legislation_id, o.category_id
            ORDER BY o.content_hash, o.ordinal
        ) AS twin
    FROM {before} AS o
    WHERE NOT EXISTS (
        SELECT FROM {target} AS n WHERE n.content_hash = o.content_hash AND n.ordinal = o.ordinal
    )
),

come AS (
    SELECT
        n.snap_point_id, n.force_id, n.happened_at, n.type_id, n.gender_id,
        n.age_range_id, n.self_ethnicity_id, n.officer_ethnicity_id, n.legislation_id, n.category_id,
        n.outcome_id, n.outcome_linked,
        row_number() OVER (
            PARTITION BY
                n.snap_point_id, n.force_id, n.happened_at, n.type_id, n.gender_id,
                n.age_range_id, n.self_ethnicity_id, n.officer_ethnicity_id, n.legislation_id, n.category_id
            ORDER BY n.content_hash, n.ordinal
        ) AS twin
    FROM {target} AS n
    WHERE NOT EXISTS (
        SELECT FROM {before} AS o WHERE o.content_hash = n.content_hash AND o.ordinal = n.ordinal
    )
),

both_sides AS (
    SELECT
        force_id, category_id,
        gone.twin IS NULL AS is_added,
        come.twin IS NULL AS is_removed,
        (gone.outcome_id, gone.outcome_linked) IS DISTINCT FROM (come.outcome_id, come.outcome_linked) AS is_decided
    FROM gone
    FULL JOIN come USING (
        snap_point_id, force_id, happened_at, type_id, gender_id, age_range_id, self_ethnicity_id,
        officer_ethnicity_id, legislation_id, category_id, twin
    )
)

INSERT INTO revision_count (
    revision_id, force_id, category_id, added, removed, outcome_changed, otherwise_changed
)
SELECT
    $1, force_id, category_id,
    count(*) FILTER (WHERE is_added),
    count(*) FILTER (WHERE is_removed),
    count(*) FILTER (WHERE NOT is_added AND NOT is_removed AND is_decided),
    count(*) FILTER (WHERE NOT is_added AND NOT is_removed AND NOT is_decided)
FROM both_sides
GROUP BY force_id, category_id
