INSERT INTO stop_cube (
    month, force_id, located, type_id, gender_id, age_range_id, self_ethnicity_id, officer_ethnicity_id,
    legislation_id, category_id, outcome_id, n
)
SELECT
    $1, s.force_id, p.located, s.type_id, s.gender_id, s.age_range_id, s.self_ethnicity_id,
    s.officer_ethnicity_id, s.legislation_id, s.category_id, s.outcome_id, count(*)
FROM stop AS s
JOIN snap_point AS p ON p.id = s.snap_point_id
WHERE s.version_id = $2
GROUP BY
    s.force_id, p.located, s.type_id, s.gender_id, s.age_range_id, s.self_ethnicity_id,
    s.officer_ethnicity_id, s.legislation_id, s.category_id, s.outcome_id
