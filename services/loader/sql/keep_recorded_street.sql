-- The records of the forces that were not asked for join the run as page 0, with the force that recorded them.
INSERT INTO {staged}
SELECT
    0, -row_number() OVER (), 0, r.snap_point_id, r.category_id, r.outcome_id, r.outcome_month,
    r.content_hash, r.persistent_id, r.extra, f.id
FROM street_crime AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
LEFT JOIN recorded_elsewhere AS e
    ON e.version_id = r.version_id AND e.content_hash = r.content_hash AND e.ordinal = r.ordinal
JOIN force AS btp ON btp.slug = 'btp'
LEFT JOIN force AS f
    ON f.id = coalesce(e.force_id, CASE WHEN p.location_type = 'BTP' THEN btp.id ELSE p.force_id END)
WHERE r.version_id = $1 AND coalesce(f.slug, '') <> ALL($2::text [])
