-- Published words are interned once; every record points to them by a small number.
-- A NULL value is a published null, an empty one a published empty string: they stay apart.
CREATE TABLE label (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    value text,
    code text NOT NULL DEFAULT '',
    first_seen timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (kind, value, code)
);

CREATE TABLE force (
    id smallint PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    pfa_code text,
    -- mid-2023, of the police area
    population integer
);

CREATE TABLE category (
    slug text PRIMARY KEY,
    name text NOT NULL,
    is_crime boolean NOT NULL
);

-- The public groups of outcomes, per dataset; `outcomes` shares those of `street`.
CREATE TABLE outcome_group (
    id smallint PRIMARY KEY,
    dataset text NOT NULL,
    slug text NOT NULL,
    label text NOT NULL,
    in_denominator boolean NOT NULL,
    UNIQUE (dataset, slug)
);

-- What every published outcome label means; `kind` and `value` are those of `label`.
CREATE TABLE outcome_mapping (
    kind text NOT NULL,
    value text,
    group_id smallint NOT NULL REFERENCES outcome_group (id),
    stage text,
    is_final boolean,
    any_action boolean,
    mapping_version integer NOT NULL,
    UNIQUE NULLS NOT DISTINCT (kind, value)
);

-- Outcome labels with their group; a label that the mapping does not know is 'unmapped'.
CREATE VIEW outcome AS
SELECT
    l.id,
    l.kind,
    l.value,
    l.code,
    g.id AS group_id,
    g.slug AS group_slug,
    m.stage,
    m.is_final,
    m.any_action
FROM label AS l
LEFT JOIN outcome_mapping AS m ON m.kind = l.kind AND m.value IS NOT DISTINCT FROM l.value
JOIN outcome_group AS unmapped
    ON unmapped.slug = 'unmapped'
    AND unmapped.dataset = CASE WHEN l.kind = 'stop_outcome' THEN 'stops' ELSE 'street' END
JOIN outcome_group AS g ON g.id = coalesce(m.group_id, unmapped.id)
WHERE l.kind IN ('street_outcome', 'outcome', 'stop_outcome');
