-- Twins have one recording force, which their hash covers: each of them is told.
INSERT INTO recorded_elsewhere (version_id, content_hash, ordinal, force_id)
SELECT $1, r.content_hash, r.ordinal, other.recorded_by
FROM (
    SELECT DISTINCT told.snap_point_id, told.content_hash, told.recorded_by
    FROM unnest($2::integer [], $3::bytea [], $4::smallint []) AS told (snap_point_id, content_hash, recorded_by)
) AS other
JOIN {target} AS r ON r.snap_point_id = other.snap_point_id AND r.content_hash = other.content_hash
