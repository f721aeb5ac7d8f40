-- Searching records: the points of a police area, those of the British Transport Police, which has none of its own,
-- and the stops that a force published, each in the order in which records are given out.
CREATE INDEX snap_point_of_force ON snap_point (force_id, id);
CREATE INDEX snap_point_of_transport_police ON snap_point (id) WHERE location_type = 'BTP';
CREATE INDEX stop_of_force ON stop (force_id, snap_point_id);
