-- Versions of a month beyond the newest $3, which still have their records.
SELECT v.id
FROM version AS v
WHERE
    v.dataset = $1
    AND v.month = $2
    AND NOT EXISTS (SELECT FROM current_version AS c WHERE c.version_id = v.id)
    AND to_regclass($4 || '_v' || v.id) IS NOT NULL
ORDER BY v.id DESC
OFFSET $3
