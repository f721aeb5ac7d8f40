-- The records of the forces that were not asked for join the run as page 0. BTP's stand in others' areas.
INSERT INTO {staged}
SELECT
    0, -row_number() OVER (), 0, r.snap_point_id, r.category_id, r.outcome_id, r.crime_month,
    r.content_hash, r.persistent_id, r.extra
FROM crime_outcome AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
LEFT JOIN force AS f ON f.id = p.force_id
WHERE
    r.version_id = $1
    AND coalesce(CASE WHEN p.location_type = 'BTP' THEN 'btp' ELSE f.slug END, '') <> ALL($2::text [])
