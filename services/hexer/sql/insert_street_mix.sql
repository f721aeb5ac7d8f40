INSERT INTO street_mix (force_id, month, category_id, located, located_btp, unlocated)
SELECT
    force_id, $1, category_id,
    coalesce(sum(n) FILTER (WHERE located), 0),
    coalesce(sum(n) FILTER (WHERE located AND location_type = 'BTP'), 0),
    coalesce(sum(n) FILTER (WHERE NOT located), 0)
FROM fresh
GROUP BY force_id, category_id
