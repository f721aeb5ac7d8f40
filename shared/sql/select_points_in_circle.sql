-- With PostGIS: map points within so many metres of a point, on the ellipsoid.
SELECT m.snap_point_id
FROM map_point AS m
WHERE ST_DWithin(m.geog, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, $3)
ORDER BY m.snap_point_id
