-- What changed when a version of a month was replaced: the ledger of revisions. It outlives the records.
CREATE TABLE revision (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id integer NOT NULL REFERENCES version (id),
    replaced_id integer NOT NULL REFERENCES version (id),
    -- release: the source published other records. rolled_back: an operator took the earlier version again.
    kind text NOT NULL CHECK (kind IN ('release', 'rolled_back')),
    reason text NOT NULL,
    -- false: records of two sources, whose fields differ, are not compared one by one
    is_compared boolean NOT NULL,
    revised_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON revision (version_id);

-- By the police area of the place, as everything is counted; for stops by the force that published them.
-- The category of stops is the object of search.
CREATE TABLE revision_count (
    revision_id integer NOT NULL REFERENCES revision (id) ON DELETE CASCADE,
    force_id smallint,
    category_id smallint NOT NULL,
    added integer NOT NULL,
    removed integer NOT NULL,
    outcome_changed integer NOT NULL,
    otherwise_changed integer NOT NULL,
    UNIQUE NULLS NOT DISTINCT (revision_id, force_id, category_id)
);

ALTER TABLE verdict DROP CONSTRAINT verdict_verdict_check;
ALTER TABLE verdict ADD CONSTRAINT verdict_verdict_check
CHECK (verdict IN ('loaded', 'unchanged', 'rejected', 'rolled_back'));

