-- The points of the stops that a force published in a version.
SELECT DISTINCT snap_point_id AS id FROM stop WHERE force_id = $1::smallint AND version_id = $2
