-- The forces that the source of a version was asked for up to it, as a version keeps what earlier ones brought;
-- NULL: all.
SELECT CASE WHEN bool_and(r.forces IS NOT NULL) THEN array_agg(DISTINCT f.id) END AS forces
FROM version AS v
JOIN version AS earlier
    ON earlier.dataset = v.dataset AND earlier.month = v.month AND earlier.source = v.source AND earlier.id <= v.id
LEFT JOIN run AS r ON r.id = earlier.run_id
LEFT JOIN LATERAL unnest(r.forces) AS asked (slug) ON true
LEFT JOIN force AS f ON f.slug = asked.slug
WHERE v.id = $1
