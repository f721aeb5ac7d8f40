INSERT INTO recorded_elsewhere (version_id, content_hash, ordinal, force_id)
SELECT $1, r.content_hash, r.ordinal, other.recorded_by
FROM unnest($2::integer [], $3::bytea [], $4::smallint []) AS other (snap_point_id, content_hash, recorded_by)
JOIN {target} AS r ON r.snap_point_id = other.snap_point_id AND r.content_hash = other.content_hash
