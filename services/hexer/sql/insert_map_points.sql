INSERT INTO map_point (snap_point_id, lon_e6, lat_e6)
SELECT p.id, p.lon_e6, p.lat_e6
FROM (SELECT DISTINCT snap_point_id FROM fresh WHERE located) AS counted
JOIN snap_point AS p ON p.id = counted.snap_point_id
LEFT JOIN map_point AS m ON m.snap_point_id = p.id
WHERE m.snap_point_id IS NULL
ORDER BY p.id
ON CONFLICT (snap_point_id) DO NOTHING
