-- The points of a police area, with that of its records without a location.
SELECT id FROM snap_point WHERE force_id = $1::smallint
