SELECT v.id, v.checksum, v.stored, v.source
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
WHERE c.dataset = $1 AND c.month = $2
