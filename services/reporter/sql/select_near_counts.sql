-- Street crimes within $3 metres of a point, by month, category and outcome, and (month is null) by map point.
WITH near AS MATERIALIZED (
    SELECT snap_point_id
    FROM map_point
    WHERE ST_DWithin(geog, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, $3)
)

SELECT c.month, c.category_id, c.outcome_id, c.snap_point_id, sum(c.n)::integer AS n
FROM near
JOIN street_point_count AS c ON c.snap_point_id = near.snap_point_id
WHERE c.month = ANY($4::date [])
GROUP BY GROUPING SETS ((c.month, c.category_id, c.outcome_id), (c.snap_point_id))
