SELECT p.lat_e6, p.lon_e6, count(*)::integer AS n
FROM street_crime AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
WHERE r.version_id = $1 AND p.located
GROUP BY p.lat_e6, p.lon_e6
