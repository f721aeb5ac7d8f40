-- The records of a version by the fields that both sources publish. A null and an empty text are one; so are an
-- outcome that is not linked to the object of search and one of which that is not said, which the archive has blank
-- where the API has false.
SELECT
    s.content_hash, s.ordinal, s.snap_point_id, s.outcome_id,
    convert_to(
        json_build_array(
            s.force_id, extract(EPOCH FROM s.happened_at), coalesce(type.value, ''), coalesce(gender.value, ''),
            coalesce(age_range.value, ''), coalesce(self_ethnicity.value, ''), coalesce(officer_ethnicity.value, ''),
            coalesce(legislation.value, ''), coalesce(object.value, ''), s.operation, coalesce(s.operation_name, ''),
            coalesce(s.outcome_linked, false), s.clothing_removed
        )::text,
        'UTF8'
    ) AS subject,
    true AS has_id,
    s.force_id
FROM {target} AS s
JOIN label AS type ON type.id = s.type_id
JOIN label AS gender ON gender.id = s.gender_id
JOIN label AS age_range ON age_range.id = s.age_range_id
JOIN label AS self_ethnicity ON self_ethnicity.id = s.self_ethnicity_id
JOIN label AS officer_ethnicity ON officer_ethnicity.id = s.officer_ethnicity_id
JOIN label AS legislation ON legislation.id = s.legislation_id
JOIN label AS object ON object.id = s.category_id
