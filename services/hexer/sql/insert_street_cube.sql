INSERT INTO street_cube (month, force_id, located, location_type, category_id, outcome_id, n)
SELECT $1, force_id, located, location_type, category_id, outcome_id, sum(n)
FROM fresh
GROUP BY force_id, located, location_type, category_id, outcome_id
