SELECT v.verdict, v.version_id, v.reasons, coalesce(version.stored, 0) AS records
FROM verdict AS v
LEFT JOIN version ON version.id = v.version_id
WHERE v.run_id = $1
