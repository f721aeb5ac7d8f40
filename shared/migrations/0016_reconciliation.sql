-- What two sources say of the same month: a version of the API beside one of the archive, record by record.
CREATE TABLE reconciliation (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    api_version_id integer NOT NULL REFERENCES version (id),
    archive_version_id integer NOT NULL REFERENCES version (id),
    reconciled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (api_version_id, archive_version_id)
);

-- By the force that recorded, which the archive says, and the police area of the place, btp apart.
CREATE TABLE reconciliation_count (
    reconciliation_id integer NOT NULL REFERENCES reconciliation (id) ON DELETE CASCADE,
    -- NULL: only the API has them, which does not say
    recorded_by smallint,
    -- NULL: outside every police area
    police_area smallint,
    equal integer NOT NULL,
    -- the same record at the same place, with another outcome
    other_outcome integer NOT NULL,
    api_unlocated integer NOT NULL,
    api_otherwise integer NOT NULL,
    archive_unlocated integer NOT NULL,
    -- located outside the area of the force that recorded them
    archive_outside integer NOT NULL,
    archive_otherwise integer NOT NULL,
    UNIQUE NULLS NOT DISTINCT (reconciliation_id, recorded_by, police_area)
);

-- Versions of the API that were reconciled have rows too: those of matched records that another force recorded than
-- their place tells; and with NULL those that no archive has, whose recorder nobody knows.
ALTER TABLE recorded_elsewhere ALTER COLUMN force_id DROP NOT NULL;

-- reconciled: compared with the version that readers see, which stays.
ALTER TABLE verdict DROP CONSTRAINT verdict_verdict_check;
ALTER TABLE verdict ADD CONSTRAINT verdict_verdict_check
CHECK (verdict IN ('loaded', 'unchanged', 'rejected', 'rolled_back', 'reconciled'));
