-- Map points of belts between two longitudes in millionths of a degree; one that lies in two of them comes twice.
-- A belt is 8,192 millionths of a degree of latitude: the points of a belt are side by side in the index.
SELECT m.snap_point_id, m.lon_e6, m.lat_e6
FROM unnest($1::integer [], $2::integer [], $3::integer []) AS piece (belt, west, east)
JOIN map_point AS m ON m.lat_e6 >> 13 = piece.belt AND m.lon_e6 BETWEEN piece.west AND piece.east
