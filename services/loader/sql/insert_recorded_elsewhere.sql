-- The hash of an archive's record covers who recorded it: twins have one recording force.
INSERT INTO recorded_elsewhere (version_id, content_hash, ordinal, force_id)
SELECT $1, r.content_hash, r.ordinal, other.recorded_by
FROM (
    SELECT DISTINCT s.snap_point_id, s.content_hash, s.recorded_by
    FROM {staged} AS s
    JOIN snap_point AS p ON p.id = s.snap_point_id
    JOIN force AS btp ON btp.slug = 'btp'
    WHERE
        s.page_id = ANY($2::integer [])
        AND s.recorded_by IS DISTINCT FROM CASE WHEN p.location_type = 'BTP' THEN btp.id ELSE p.force_id END
        AND s.recorded_by IS NOT NULL
) AS other
JOIN {target} AS r ON r.snap_point_id = other.snap_point_id AND r.content_hash = other.content_hash
