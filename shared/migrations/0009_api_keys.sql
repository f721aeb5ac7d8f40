-- Who may ask more often than everybody may. A key itself is kept nowhere.
CREATE TABLE api_key (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- whose it is; a holder who changes keys has two for a while
    name text NOT NULL CHECK (name <> ''),
    -- SHA-256 of the key as it is sent
    sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
    scopes text[] NOT NULL CHECK (scopes <@ ARRAY['reports', 'downloads']),
    -- NULL: what the gateway's settings say
    reads_per_minute integer CHECK (reads_per_minute > 0),
    reports_per_minute integer CHECK (reports_per_minute > 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz
);
