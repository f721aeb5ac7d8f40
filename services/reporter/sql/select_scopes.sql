-- Months of street crimes that were only ever asked of some forces, with these.
SELECT asked.month, array_agg(DISTINCT force.slug) AS forces
FROM (
    SELECT run_id, month FROM version WHERE dataset = 'street'
    UNION
    SELECT run_id, month FROM verdict WHERE dataset = 'street' AND verdict <> 'rejected'
) AS asked
LEFT JOIN run AS r ON r.id = asked.run_id
LEFT JOIN LATERAL unnest(r.forces) AS force (slug) ON true
GROUP BY asked.month
HAVING bool_and(r.forces IS NOT NULL)
