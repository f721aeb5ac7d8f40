-- Read models, rebuilt by the hexer, one month in one transaction. `grid` says which version they hold.
CREATE TABLE grid (
    dataset text NOT NULL,
    month date NOT NULL,
    version_id integer NOT NULL,
    mapping_version integer NOT NULL,
    records integer NOT NULL,
    off_grid integer NOT NULL,
    seconds double precision NOT NULL,
    rebuilt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (dataset, month)
);

-- Counts per hexagon: level is the edge length in metres, (i, j) as ST_HexagonGrid numbers it.
CREATE TABLE street_cell (
    month date NOT NULL,
    level smallint NOT NULL,
    i smallint NOT NULL,
    j smallint NOT NULL,
    category_id smallint NOT NULL,
    group_id smallint NOT NULL,
    n integer NOT NULL,
    PRIMARY KEY (month, level, i, j, category_id, group_id)
);
CREATE TABLE stop_cell (LIKE street_cell INCLUDING ALL);

-- Counts per snap point, for radius queries over any number of months: the key starts with the
-- point, a partition holds a year.
CREATE TABLE street_point_count (
    snap_point_id integer NOT NULL,
    month date NOT NULL,
    category_id smallint NOT NULL,
    outcome_id smallint NOT NULL,
    n integer NOT NULL,
    -- with n in the index a radius query need not visit the table
    PRIMARY KEY (snap_point_id, month, category_id, outcome_id) INCLUDE (n)
) PARTITION BY RANGE (month);
-- Months are written one after the other: a block range index finds the rows of one to replace them.
CREATE INDEX ON street_point_count USING brin (month) WITH (pages_per_range = 32, autosummarize = on);
CREATE TABLE stop_point_count (LIKE street_point_count INCLUDING ALL) PARTITION BY RANGE (month);

DO $$
DECLARE
    parent text;
    year integer;
BEGIN
    FOREACH parent IN ARRAY ARRAY['street_point_count', 'stop_point_count'] LOOP
        FOR year IN 2010..2040 LOOP
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                parent || '_' || year, parent, make_date(year, 1, 1), make_date(year + 1, 1, 1)
            );
        END LOOP;
    END LOOP;
END
$$;

-- Counts for dashboards. Force: the police area of the point, or, without a location, the force
-- that published the record (0: outside every area).
CREATE TABLE street_cube (
    month date NOT NULL,
    force_id smallint NOT NULL,
    located boolean NOT NULL,
    location_type text NOT NULL,
    category_id smallint NOT NULL,
    outcome_id smallint NOT NULL,
    n integer NOT NULL,
    PRIMARY KEY (month, force_id, located, location_type, category_id, outcome_id)
);
CREATE TABLE stop_cube (
    month date NOT NULL,
    force_id smallint NOT NULL,
    located boolean NOT NULL,
    type_id smallint NOT NULL,
    gender_id smallint NOT NULL,
    age_range_id smallint NOT NULL,
    self_ethnicity_id smallint NOT NULL,
    officer_ethnicity_id smallint NOT NULL,
    legislation_id smallint NOT NULL,
    category_id smallint NOT NULL,
    outcome_id smallint NOT NULL,
    n integer NOT NULL,
    PRIMARY KEY (
        month, force_id, located, type_id, gender_id, age_range_id, self_ethnicity_id,
        officer_ethnicity_id, legislation_id, category_id, outcome_id
    )
);
-- Outcomes recorded in a month, by the month of the crime they belong to.
CREATE TABLE outcome_cube (
    month date NOT NULL,
    crime_month date NOT NULL,
    force_id smallint NOT NULL,
    category_id smallint NOT NULL,
    outcome_id smallint NOT NULL,
    n integer NOT NULL,
    PRIMARY KEY (month, crime_month, force_id, category_id, outcome_id)
);
