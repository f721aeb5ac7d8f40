INSERT INTO version_count (version_id, force_id, location_type, located, category_id, outcome_id, n)
SELECT $1, p.force_id, p.location_type, p.located, r.category_id, r.outcome_id, count(*)
FROM {target} AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
GROUP BY p.force_id, p.location_type, p.located, r.category_id, r.outcome_id
