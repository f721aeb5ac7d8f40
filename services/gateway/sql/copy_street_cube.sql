-- A month's counts as fixed-width columns, so that they can be read without looking at each row. The British
-- Transport Police is told apart from the areas that its stations lie in, as in the coverage.
SELECT
    CASE WHEN c.location_type = 'BTP' THEN btp.id ELSE c.force_id END AS force,
    c.located::integer::smallint AS located,
    c.category_id AS category,
    c.outcome_id AS outcome,
    c.n
FROM street_cube AS c
CROSS JOIN (SELECT id FROM force WHERE slug = 'btp') AS btp
WHERE c.month = $1
