-- As for street crimes; the category of a stop is the object of search.
CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
WITH mapped AS MATERIALIZED (
    SELECT id, group_id FROM outcome
)

SELECT
    c.snap_point_id, c.category_id, c.outcome_id, c.n,
    o.group_id,
    p.located,
    p.i_275, p.j_275, p.i_1100, p.j_1100, p.i_4400, p.j_4400, p.i_17600, p.j_17600
FROM (
    SELECT snap_point_id, category_id, outcome_id, count(*)::integer AS n
    FROM stop
    WHERE version_id = {version}
    GROUP BY snap_point_id, category_id, outcome_id
) AS c
JOIN snap_point AS p ON p.id = c.snap_point_id
JOIN mapped AS o ON o.id = c.outcome_id
