-- Searching records: the points of a police area, those of the British Transport Police, which has none of its own,
-- and the stops that a force published, each in the order in which records are given out.
CREATE INDEX snap_point_of_force ON snap_point (force_id, id);
CREATE INDEX snap_point_of_transport_police ON snap_point (id) WHERE location_type = 'BTP';
CREATE INDEX stop_of_force ON stop (force_id, snap_point_id);

-- From now on the hexer does this for outcomes too.
INSERT INTO map_point (snap_point_id, geog)
SELECT p.id, ST_SetSRID(ST_MakePoint(p.lon_e6 / 1e6, p.lat_e6 / 1e6), 4326)::geography
FROM (SELECT DISTINCT snap_point_id FROM crime_outcome) AS used
JOIN snap_point AS p ON p.id = used.snap_point_id
WHERE p.located
ON CONFLICT (snap_point_id) DO NOTHING;
