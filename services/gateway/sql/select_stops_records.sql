-- Stops of one version at given points, in the order of their ids, from after one of them. The force is the one that
-- published the stop.
SELECT {fields}
FROM (
    SELECT
        concat_ws('.', $7::text, r.snap_point_id, encode(r.content_hash, 'hex'), r.ordinal) AS id,
        $7::text AS month,
        to_char(r.happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS datetime,
        force.slug AS force,
        type.value AS type,
        r.involved_person,
        r.operation,
        r.operation_name,
        CASE WHEN r.located THEN r.lat_e6 / 1e6::double precision END AS latitude,
        CASE WHEN r.located THEN r.lon_e6 / 1e6::double precision END AS longitude,
        r.street_id,
        r.street_name,
        gender.value AS gender,
        age_range.value AS age_range,
        self_ethnicity.value AS self_defined_ethnicity,
        officer_ethnicity.value AS officer_defined_ethnicity,
        legislation.value AS legislation,
        object.value AS object_of_search,
        outcome.value AS outcome,
        nullif(outcome.code, '') AS outcome_code,
        mapped.slug AS outcome_group,
        r.outcome_linked AS outcome_linked_to_object_of_search,
        r.clothing_removed AS removal_of_more_than_outer_clothing,
        nullif(r.extra, '') AS extra
    FROM (
        SELECT s.*, p.located, p.lat_e6, p.lon_e6, p.street_id, p.street_name
        FROM ({points}) AS place
        JOIN snap_point AS p ON p.id = place.id
        JOIN stop AS s ON s.snap_point_id = place.id
        WHERE
            s.version_id = $2
            AND place.id >= $3
            AND (s.snap_point_id, s.content_hash, s.ordinal) > ($3, $4::bytea, $5::smallint)
            AND ($10::smallint [] IS NULL OR s.outcome_id = ANY($10))
            AND ($11::smallint [] IS NULL OR s.self_ethnicity_id = ANY($11))
            AND ($12::smallint [] IS NULL OR s.officer_ethnicity_id = ANY($12))
            AND ($13::smallint [] IS NULL OR s.age_range_id = ANY($13))
            AND ($14::smallint [] IS NULL OR s.gender_id = ANY($14))
            AND ($15::smallint [] IS NULL OR s.category_id = ANY($15))
            AND ($16::smallint [] IS NULL OR s.legislation_id = ANY($16))
            AND ($17::smallint [] IS NULL OR s.type_id = ANY($17))
            AND ($18::smallint IS NULL OR s.force_id = $18)
        ORDER BY s.snap_point_id, s.content_hash, s.ordinal
        LIMIT $6
    ) AS r
    JOIN label AS type ON type.id = r.type_id
    JOIN label AS gender ON gender.id = r.gender_id
    JOIN label AS age_range ON age_range.id = r.age_range_id
    JOIN label AS self_ethnicity ON self_ethnicity.id = r.self_ethnicity_id
    JOIN label AS officer_ethnicity ON officer_ethnicity.id = r.officer_ethnicity_id
    JOIN label AS legislation ON legislation.id = r.legislation_id
    JOIN label AS object ON object.id = r.category_id
    JOIN label AS outcome ON outcome.id = r.outcome_id
    LEFT JOIN unnest($8::smallint [], $9::text []) AS mapped (outcome_id, slug) ON mapped.outcome_id = r.outcome_id
    JOIN force ON force.id = r.force_id
    ORDER BY r.snap_point_id, r.content_hash, r.ordinal
) AS record
