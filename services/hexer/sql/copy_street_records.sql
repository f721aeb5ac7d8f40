-- The next $6 records of a version after the one that $3, $4 and $5 name, in the order of their ids; $2 is the month
-- as text. The columns are those of a search.
WITH outcome AS MATERIALIZED (
    SELECT id, value, code, group_slug FROM outcome
)

SELECT
    concat_ws('.', $2::text, r.snap_point_id, encode(r.content_hash, 'hex'), r.ordinal) AS id,
    $2::text AS month,
    category.value AS category,
    CASE WHEN p.located THEN p.lat_e6 / 1e6::double precision END AS latitude,
    CASE WHEN p.located THEN p.lon_e6 / 1e6::double precision END AS longitude,
    p.street_id,
    p.street_name,
    p.location_type,
    nullif(p.location_subtype, '') AS location_subtype,
    force.slug AS force,
    outcome.value AS outcome,
    to_char(r.outcome_month, 'YYYY-MM') AS outcome_month,
    outcome.group_slug AS outcome_group,
    nullif(encode(r.persistent_id, 'hex'), '') AS persistent_id,
    nullif(r.extra, '') AS extra
FROM (
    SELECT *
    FROM street_crime
    WHERE
        version_id = $1
        AND (snap_point_id, content_hash, ordinal) > ($3::integer, $4::bytea, $5::smallint)
    ORDER BY snap_point_id, content_hash, ordinal
    LIMIT $6
) AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
JOIN label AS category ON category.id = r.category_id
JOIN outcome ON outcome.id = r.outcome_id
LEFT JOIN force ON force.id = p.force_id
ORDER BY r.snap_point_id, r.content_hash, r.ordinal
