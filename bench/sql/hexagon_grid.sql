-- The best plain way with PostGIS alone: each distinct point asks ST_HexagonGrid for the cells around it.
INSERT INTO peer_cell (month, level, i, j, category_id, group_id, n)
WITH point AS (
    SELECT p.id, ST_Transform(ST_SetSRID(ST_MakePoint(p.lon_e6 / 1e6, p.lat_e6 / 1e6), 4326), 27700) AS geom
    FROM snap_point AS p
    WHERE p.located AND EXISTS (SELECT FROM street_crime AS r WHERE r.version_id = $2 AND r.snap_point_id = p.id)
),

assigned AS (
    SELECT DISTINCT ON (point.id) point.id, hex.i, hex.j
    FROM point
    CROSS JOIN LATERAL ST_HexagonGrid({level}, point.geom) AS hex
    WHERE ST_Intersects(hex.geom, point.geom)
    ORDER BY point.id, hex.i, hex.j
),

mapped AS MATERIALIZED (
    SELECT id, group_id FROM outcome
)

SELECT $1::date, {level}, a.i, a.j, r.category_id, o.group_id, count(*)
FROM street_crime AS r
JOIN assigned AS a ON a.id = r.snap_point_id
JOIN mapped AS o ON o.id = r.outcome_id
WHERE r.version_id = $2
GROUP BY a.i, a.j, r.category_id, o.group_id
