SELECT r.force_id, NULL::text AS location_type, p.located, r.category_id, r.outcome_id, count(*)::integer AS n
FROM {target} AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
GROUP BY r.force_id, p.located, r.category_id, r.outcome_id
