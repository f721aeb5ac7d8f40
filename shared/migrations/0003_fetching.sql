-- The fetcher's memory: a killed fetcher goes on from here.
CREATE TABLE run (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    dataset text NOT NULL,
    month date NOT NULL,
    forces text [],
    source text NOT NULL DEFAULT 'api',
    accept_loss boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'fetching', 'fetched', 'failed')),
    plan text NOT NULL DEFAULT '',
    release date,
    error text NOT NULL DEFAULT '',
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    ended_at timestamptz
);

-- One dataset is fetched one month at a time: each month teaches the next where the records are.
CREATE UNIQUE INDEX run_one_at_a_time ON run (dataset) WHERE state = 'fetching';
CREATE INDEX run_waiting ON run (queued_at) WHERE state IN ('queued', 'fetching');
CREATE INDEX run_of_month ON run (dataset, month, queued_at);

CREATE TABLE slice (
    run_id uuid NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('tile', 'unlocated', 'force')),
    force text,
    -- south, west, north, east in degrees
    tile double precision [],
    expected integer,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'fetched', 'split')),
    sha256 text,
    records integer,
    error text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, id)
);

-- The tiles that the newest complete run of a dataset ended with.
CREATE TABLE tiling (
    dataset text PRIMARY KEY,
    run_id uuid NOT NULL,
    tiles jsonb NOT NULL,
    learned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What the watcher saw last.
CREATE TABLE release (
    newest_month date PRIMARY KEY,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
