-- Located snap points that have been counted, where a circle or a polygon finds them. Apart from `snap_point`,
-- because keeping a spatial index there slows the loader down. With PostGIS they are geographies too; without it
-- a plain index does (docs/adr/0010). An older database is brought to the same.
DROP TABLE IF EXISTS map_point;
CREATE TABLE map_point (
    snap_point_id integer PRIMARY KEY,
    lon_e6 integer NOT NULL,
    lat_e6 integer NOT NULL
);
INSERT INTO map_point (snap_point_id, lon_e6, lat_e6)
SELECT id, lon_e6, lat_e6
FROM snap_point
WHERE located;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis') THEN
        CREATE EXTENSION IF NOT EXISTS postgis;
        ALTER TABLE map_point ADD COLUMN geog geography (Point, 4326) GENERATED ALWAYS AS
        (ST_SetSRID(ST_MakePoint(lon_e6 / 1e6, lat_e6 / 1e6), 4326)::geography) STORED;
        CREATE INDEX map_point_geog ON map_point USING gist (geog);
    ELSE
        -- In belts of 8,192 millionths of a degree of latitude, each from west to east: shared/map_points.py asks
        -- for pieces of them.
        CREATE INDEX map_point_belt ON map_point ((lat_e6 >> 13), lon_e6) INCLUDE (lat_e6, snap_point_id);
    END IF;
END
$$;
ANALYZE map_point;
