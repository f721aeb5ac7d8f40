INSERT INTO street_point_count (snap_point_id, month, category_id, outcome_id, n)
SELECT snap_point_id, $1, category_id, outcome_id, n
FROM fresh
WHERE located
ORDER BY snap_point_id, category_id, outcome_id
