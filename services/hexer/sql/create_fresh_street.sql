-- Each point's counts with its cell on every level: what cells, points and cubes are summed from.
CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
WITH mapped AS MATERIALIZED (
    SELECT id, group_id FROM outcome
)

SELECT
    c.snap_point_id, c.category_id, c.outcome_id, c.n,
    o.group_id,
    coalesce(p.force_id, 0::smallint) AS force_id,
    p.located,
    coalesce(p.location_type, '') AS location_type,
    p.i_275, p.j_275, p.i_1100, p.j_1100, p.i_4400, p.j_4400, p.i_17600, p.j_17600
FROM (
    SELECT snap_point_id, category_id, outcome_id, count(*)::integer AS n
    FROM street_crime
    WHERE version_id = {version}
    GROUP BY snap_point_id, category_id, outcome_id
) AS c
JOIN snap_point AS p ON p.id = c.snap_point_id
JOIN mapped AS o ON o.id = c.outcome_id
