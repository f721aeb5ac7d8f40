-- Months from the publisher's archive, beside those of its API (docs/adr/0011).
-- An archive's runs are fed by a process of their own and wait for nobody's pace.
DROP INDEX run_one_at_a_time;
CREATE UNIQUE INDEX run_one_at_a_time ON run (dataset) WHERE state = 'fetching' AND source = 'api';
ALTER TABLE slice DROP CONSTRAINT slice_kind_check;
ALTER TABLE slice ADD CONSTRAINT slice_kind_check CHECK (kind IN ('tile', 'unlocated', 'force', 'member'));

-- The archive's outcomes name neither the month nor the category of their crime.
ALTER TABLE crime_outcome ALTER COLUMN crime_month DROP NOT NULL;
ALTER TABLE staging.outcomes ALTER COLUMN crime_month DROP NOT NULL;
ALTER TABLE outcome_cube DROP CONSTRAINT outcome_cube_pkey;
ALTER TABLE outcome_cube ALTER COLUMN crime_month DROP NOT NULL;
ALTER TABLE outcome_cube
ADD UNIQUE NULLS NOT DISTINCT (month, crime_month, force_id, category_id, outcome_id);

-- The force that reported a record; only the archive says it.
ALTER TABLE staging.street ADD COLUMN recorded_by smallint;
ALTER TABLE staging.outcomes ADD COLUMN recorded_by smallint;

-- Records of archive versions whose force is not the one that their place tells: its police area, the force that
-- published it where there is no location, or btp at places of the British Transport Police. All others are the
-- place's.
CREATE TABLE recorded_elsewhere (
    version_id integer NOT NULL,
    content_hash bytea NOT NULL,
    ordinal smallint NOT NULL,
    force_id smallint NOT NULL,
    PRIMARY KEY (version_id, content_hash, ordinal)
);

-- The LSOA that the archive publishes for a map point, which determines it: of 312,383 real points none has two.
CREATE TABLE point_lsoa (
    lon_e6 integer NOT NULL,
    lat_e6 integer NOT NULL,
    -- 2011 for data months up to 2023-05, then 2021
    vintage smallint NOT NULL,
    code text NOT NULL,
    PRIMARY KEY (lon_e6, lat_e6, vintage)
);
CREATE TABLE lsoa (
    vintage smallint NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (vintage, code)
);
