-- Versions of a month that readers saw and whose records are still there, the newest first.
SELECT v.id, v.source, v.stored, c.version_id = v.id AS is_current
FROM version AS v
JOIN current_version AS c ON c.dataset = v.dataset AND c.month = v.month
WHERE
    v.dataset = $1
    AND v.month = $2
    AND to_regclass($3 || '_v' || v.id) IS NOT NULL
    AND EXISTS (SELECT FROM verdict AS d WHERE d.run_id = v.run_id AND d.verdict = 'loaded')
ORDER BY v.id DESC
