-- With PostGIS: map points in or on the border of a (multi)polygon given as WKB, whose edges are straight in degrees, as GeoJSON has
-- it. The index knows edges on the ellipsoid only: it is asked for a rectangle a little larger, of short edges.
SELECT DISTINCT m.snap_point_id
FROM ST_Dump(ST_GeomFromWKB($1::bytea, 4326)) AS part
JOIN map_point AS m
    ON m.geog && ST_Segmentize(ST_Expand(ST_Envelope(part.geom), 0.0005), 0.1)::geography
    AND ST_Intersects(part.geom, m.geog::geometry)
ORDER BY m.snap_point_id
