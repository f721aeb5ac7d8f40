-- Months whose counts can be read, with the version that the counts are of.
SELECT g.month, g.version_id, g.mapping_version, v.release
FROM grid AS g
JOIN version AS v ON v.id = g.version_id
WHERE g.dataset = 'street'
ORDER BY g.month
