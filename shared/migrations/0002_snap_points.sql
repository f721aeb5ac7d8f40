-- An anonymised map point with everything that is published about the place. Records without a
-- location point to a row without coordinates, one per force that published them.
CREATE TABLE snap_point (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The first 16 bytes of SHA-256 over the published place: see services/loader/identity.py.
    key bytea NOT NULL UNIQUE,
    lon_e6 integer,
    lat_e6 integer,
    street_id bigint,
    street_name text,
    location_type text,
    location_subtype text NOT NULL DEFAULT '',
    -- The police area it lies in; without coordinates, the force that published the record.
    force_id smallint,
    -- false without coordinates, and for 0,0, which is how the source writes that no map point is near
    located boolean NOT NULL,
    i_275 smallint,
    j_275 smallint,
    i_1100 smallint,
    j_1100 smallint,
    i_4400 smallint,
    j_4400 smallint,
    i_17600 smallint,
    j_17600 smallint
);
