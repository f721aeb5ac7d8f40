-- The records of the forces that were not asked for join the run as page 0.
INSERT INTO {staged}
SELECT
    0, r.snap_point_id, r.force_id, r.type_id, r.gender_id, r.age_range_id, r.self_ethnicity_id,
    r.officer_ethnicity_id, r.legislation_id, r.category_id, r.outcome_id, r.happened_at,
    r.operation, r.operation_name, r.involved_person, r.outcome_linked, r.clothing_removed,
    r.content_hash, r.extra
FROM stop AS r
JOIN force AS f ON f.id = r.force_id
WHERE r.version_id = $1 AND f.slug <> ALL($2::text [])
