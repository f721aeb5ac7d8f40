-- The points of the British Transport Police, which lie in the areas of others, and that of its records without one.
SELECT id FROM snap_point WHERE location_type = 'BTP'
UNION
SELECT id FROM snap_point WHERE force_id = $1::smallint
