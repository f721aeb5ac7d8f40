CREATE TEMPORARY TABLE IF NOT EXISTS new_place (
    key bytea,
    lon_e6 integer,
    lat_e6 integer,
    street_id bigint,
    street_name text,
    location_type text,
    location_subtype text,
    force text,
    i_275 smallint,
    j_275 smallint,
    i_1100 smallint,
    j_1100 smallint,
    i_4400 smallint,
    j_4400 smallint,
    i_17600 smallint,
    j_17600 smallint
) ON COMMIT DELETE ROWS
