-- Neighbours get neighbouring ids, so that they share pages: in belts of latitude from west to east.
INSERT INTO snap_point (
    key, lon_e6, lat_e6, street_id, street_name, location_type, location_subtype, force_id, located,
    i_275, j_275, i_1100, j_1100, i_4400, j_4400, i_17600, j_17600
)
SELECT
    new.key, new.lon_e6, new.lat_e6, new.street_id, new.street_name, new.location_type,
    new.location_subtype, f.id, coalesce(new.lon_e6 <> 0 OR new.lat_e6 <> 0, false),
    new.i_275, new.j_275, new.i_1100, new.j_1100, new.i_4400, new.j_4400, new.i_17600, new.j_17600
FROM new_place AS new
LEFT JOIN force AS f ON f.slug = new.force
ORDER BY new.lat_e6 >> 13, new.lon_e6, new.lat_e6, new.key
ON CONFLICT (key) DO NOTHING
RETURNING key, id
