-- Whole months as files in the object store. A row is written when all parts of its files are there: what has
-- no row is not there.
CREATE TABLE download (
    dataset text NOT NULL,
    month date NOT NULL,
    -- everything that the bytes depend on: data version, mapping version, layout of the files
    edition text NOT NULL,
    version_id integer NOT NULL REFERENCES version (id),
    -- shared/downloads.py, as JSON
    manifest text NOT NULL,
    built_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- NULL: the newest of its month
    replaced_at timestamptz,
    PRIMARY KEY (dataset, month, edition)
);
CREATE UNIQUE INDEX download_newest ON download (dataset, month) WHERE replaced_at IS NULL;
