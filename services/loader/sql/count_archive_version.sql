-- Beside the counts the records that another force recorded than the one that their place tells.
WITH told AS (
    SELECT
        s.snap_point_id, s.content_hash, s.recorded_by, s.category_id, s.outcome_id,
        p.force_id, p.location_type, p.located,
        s.recorded_by <> coalesce(CASE p.location_type WHEN 'BTP' THEN btp.id ELSE p.force_id END, 0) AS elsewhere
    FROM ({selected}) AS s
    JOIN snap_point AS p ON p.id = s.snap_point_id
    CROSS JOIN (SELECT id FROM force WHERE slug = 'btp') AS btp
)

SELECT
    force_id, location_type, located, category_id, outcome_id,
    count(*)::integer AS n,
    array_agg(snap_point_id) FILTER (WHERE elsewhere) AS places,
    array_agg(content_hash) FILTER (WHERE elsewhere) AS hashes,
    array_agg(recorded_by) FILTER (WHERE elsewhere) AS recorders
FROM told
GROUP BY force_id, location_type, located, category_id, outcome_id
