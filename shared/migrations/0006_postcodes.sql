-- Postcodes as the operator loaded them. `crimemaps postcodes load` fills a new table and puts it in the place
-- of this one: readers see the old edition or the new one, whole.
CREATE TABLE postcode (
    -- capital letters, one space: EC2M 7PY
    postcode text COLLATE "C" PRIMARY KEY,
    -- NULL without a grid reference
    lat_e6 integer,
    lon_e6 integer,
    -- the first letter of the ONS code: England, Wales, Scotland, Northern Ireland, L Channel Islands,
    -- M Isle of Man; NULL where the file does not say
    country text CHECK (country IN ('E', 'W', 'S', 'N', 'L', 'M')),
    -- the first day of the month in which it went out of use; NULL while in use
    terminated date,
    CHECK ((lat_e6 IS NULL) = (lon_e6 IS NULL))
);

-- What `postcode` holds: one row, or none before the first load.
CREATE TABLE postcode_edition (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    source text NOT NULL,
    rows integer NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
