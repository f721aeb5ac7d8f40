-- Street crimes by police area, month and category: what shares of an area and of the country are worked out
-- from. Small enough to be read whole (45 forces x 15 categories a month).
CREATE TABLE street_mix (
    force_id smallint NOT NULL,
    month date NOT NULL,
    category_id smallint NOT NULL,
    located integer NOT NULL,
    -- of the located ones those of the British Transport Police, which has no area of its own
    located_btp integer NOT NULL,
    unlocated integer NOT NULL,
    PRIMARY KEY (force_id, month, category_id)
);
INSERT INTO street_mix (force_id, month, category_id, located, located_btp, unlocated)
SELECT
    force_id, month, category_id,
    coalesce(sum(n) FILTER (WHERE located), 0),
    coalesce(sum(n) FILTER (WHERE located AND location_type = 'BTP'), 0),
    coalesce(sum(n) FILTER (WHERE NOT located), 0)
FROM street_cube
GROUP BY force_id, month, category_id;

-- Who may order reports. `last_turn` makes it fair: who has waited longest is next.
CREATE TABLE partner (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{1,31}$'),
    -- report ids are made with it, so that nobody guesses another's
    secret uuid NOT NULL DEFAULT gen_random_uuid(),
    last_turn timestamptz NOT NULL DEFAULT '-infinity',
    added_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO partner (name) VALUES ('console'), ('web');

-- An order and what became of it. One row an order for ever: it is the fact that is billed.
CREATE TABLE report (
    partner text NOT NULL REFERENCES partner (name),
    -- chosen by the partner: the same id is the same order
    id text NOT NULL,
    -- the same for ever, printed in the report
    report_id uuid NOT NULL UNIQUE,
    -- SHA-256 of what was ordered: the same id with something else is refused
    fingerprint text NOT NULL,
    -- the order as it came; emptied when it is answered, because of its logo
    body bytea NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'rendered', 'failed')),
    tries integer NOT NULL DEFAULT 0,
    -- nobody else takes it before
    claimed_until timestamptz NOT NULL DEFAULT '-infinity',
    ordered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    answered_at timestamptz,
    -- the event, as JSON; published at least once
    answer text,
    is_published boolean NOT NULL DEFAULT false,
    -- canonical JSON of the figures; NULL unless rendered
    figures text,
    CHECK ((state = 'queued') = (answer IS NULL)),
    PRIMARY KEY (partner, id)
);
CREATE INDEX report_queue ON report (partner, ordered_at, id) WHERE state = 'queued';
CREATE INDEX report_unpublished ON report (answered_at) WHERE answer IS NOT NULL AND NOT is_published;
