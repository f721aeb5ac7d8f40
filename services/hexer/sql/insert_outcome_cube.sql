INSERT INTO outcome_cube (month, crime_month, force_id, category_id, outcome_id, n)
SELECT $1, c.crime_month, coalesce(p.force_id, 0), c.category_id, c.outcome_id, count(*)
FROM crime_outcome AS c
JOIN snap_point AS p ON p.id = c.snap_point_id
WHERE c.version_id = $2
GROUP BY c.crime_month, coalesce(p.force_id, 0), c.category_id, c.outcome_id
