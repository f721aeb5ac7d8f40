-- Months that were only ever asked of some forces, with these. A version keeps what earlier runs brought, and a run
-- that changed nothing has been asked too; what came after the version that readers see does not count.
SELECT asked.dataset, asked.month, array_agg(DISTINCT force.slug) AS forces
FROM verdict AS asked
JOIN current_version AS c ON c.dataset = asked.dataset AND c.month = asked.month
LEFT JOIN run AS r ON r.id = asked.run_id
LEFT JOIN LATERAL unnest(r.forces) AS force (slug) ON true
WHERE asked.verdict IN ('loaded', 'unchanged') AND asked.version_id <= c.version_id
GROUP BY asked.dataset, asked.month
HAVING bool_and(r.forces IS NOT NULL)
