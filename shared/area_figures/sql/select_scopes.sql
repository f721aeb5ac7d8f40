-- Months of street crimes that were only ever asked of some forces, with these; as far as readers see them.
SELECT asked.month, array_agg(DISTINCT force.slug) AS forces
FROM verdict AS asked
JOIN current_version AS c ON c.dataset = asked.dataset AND c.month = asked.month
LEFT JOIN run AS r ON r.id = asked.run_id
LEFT JOIN LATERAL unnest(r.forces) AS force (slug) ON true
WHERE asked.dataset = 'street' AND asked.verdict IN ('loaded', 'unchanged') AND asked.version_id <= c.version_id
GROUP BY asked.month
HAVING bool_and(r.forces IS NOT NULL)
