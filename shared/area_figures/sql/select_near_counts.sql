-- Street crimes of some map points, by month, category and outcome, and (month is null) by map point.
SELECT c.month, c.category_id, c.outcome_id, c.snap_point_id, sum(c.n)::integer AS n
FROM unnest($1::integer []) AS near (snap_point_id)
JOIN street_point_count AS c ON c.snap_point_id = near.snap_point_id
WHERE c.month = ANY($2::date [])
GROUP BY GROUPING SETS ((c.month, c.category_id, c.outcome_id), (c.snap_point_id))
