SELECT id, lon_e6, lat_e6, street_name
FROM snap_point
WHERE id = ANY($1::integer [])
