-- The next $6 records of a version after the one that $3, $4 and $5 name, in the order of their ids; $2 is the month
-- as text. The columns are those of a search, and the police area.
WITH outcome AS MATERIALIZED (
    SELECT id, value, code, group_slug FROM outcome
)

SELECT
    concat_ws('.', $2::text, r.snap_point_id, encode(r.content_hash, 'hex'), r.ordinal) AS id,
    $2::text AS month,
    to_char(r.happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS datetime,
    force.slug AS force,
    type.value AS type,
    r.involved_person::text AS involved_person,
    r.operation::text AS operation,
    r.operation_name,
    CASE WHEN p.located THEN p.lat_e6 / 1e6::double precision END AS latitude,
    CASE WHEN p.located THEN p.lon_e6 / 1e6::double precision END AS longitude,
    p.street_id,
    p.street_name,
    gender.value AS gender,
    age_range.value AS age_range,
    self_ethnicity.value AS self_defined_ethnicity,
    officer_ethnicity.value AS officer_defined_ethnicity,
    legislation.value AS legislation,
    object.value AS object_of_search,
    outcome.value AS outcome,
    nullif(outcome.code, '') AS outcome_code,
    outcome.group_slug AS outcome_group,
    r.outcome_linked::text AS outcome_linked_to_object_of_search,
    r.clothing_removed::text AS removal_of_more_than_outer_clothing,
    nullif(r.extra, '') AS extra,
    area.slug AS police_area
FROM (
    SELECT *
    FROM stop
    WHERE
        version_id = $1
        AND (snap_point_id, content_hash, ordinal) > ($3::integer, $4::bytea, $5::smallint)
    ORDER BY snap_point_id, content_hash, ordinal
    LIMIT $6
) AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
JOIN label AS type ON type.id = r.type_id
JOIN label AS gender ON gender.id = r.gender_id
JOIN label AS age_range ON age_range.id = r.age_range_id
JOIN label AS self_ethnicity ON self_ethnicity.id = r.self_ethnicity_id
JOIN label AS officer_ethnicity ON officer_ethnicity.id = r.officer_ethnicity_id
JOIN label AS legislation ON legislation.id = r.legislation_id
JOIN label AS object ON object.id = r.category_id
JOIN outcome ON outcome.id = r.outcome_id
JOIN force ON force.id = r.force_id
LEFT JOIN force AS area ON area.id = p.force_id
ORDER BY r.snap_point_id, r.content_hash, r.ordinal
