-- Replaced versions of a month beyond the newest $3, which still have their records.
SELECT v.id
FROM version AS v
JOIN current_version AS c ON c.dataset = v.dataset AND c.month = v.month
WHERE
    v.dataset = $1
    AND v.month = $2
    AND v.id < c.version_id
    AND to_regclass($4 || '_v' || v.id) IS NOT NULL
ORDER BY v.id DESC
OFFSET $3
