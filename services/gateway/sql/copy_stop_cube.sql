-- A month's counts as fixed-width columns, so that they can be read without looking at each row.
SELECT
    c.force_id AS force,
    c.located::integer::smallint AS located,
    c.type_id AS type,
    c.gender_id AS gender,
    c.age_range_id AS age_range,
    c.self_ethnicity_id AS self_ethnicity,
    c.officer_ethnicity_id AS officer_ethnicity,
    c.legislation_id AS legislation,
    c.category_id AS object,
    c.outcome_id AS outcome,
    c.n
FROM stop_cube AS c
WHERE c.month = $1
