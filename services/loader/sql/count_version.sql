SELECT p.force_id, p.location_type, p.located, r.category_id, r.outcome_id, count(*)::integer AS n
FROM {target} AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
GROUP BY p.force_id, p.location_type, p.located, r.category_id, r.outcome_id
