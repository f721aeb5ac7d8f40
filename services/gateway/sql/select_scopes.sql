-- Months that were only ever asked of some forces, with these. A version keeps what earlier runs brought, and a run
-- that changed nothing has been asked too.
SELECT asked.dataset, asked.month, array_agg(DISTINCT force.slug) AS forces
FROM (
    SELECT run_id, dataset, month FROM version
    UNION
    SELECT run_id, dataset, month FROM verdict WHERE verdict <> 'rejected'
) AS asked
LEFT JOIN run AS r ON r.id = asked.run_id
LEFT JOIN LATERAL unnest(r.forces) AS force (slug) ON true
GROUP BY asked.dataset, asked.month
HAVING bool_and(r.forces IS NOT NULL)
