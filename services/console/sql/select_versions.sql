-- Versions of a month that readers saw, the newest first; a table that is gone has only its manifest left.
SELECT
    v.id, v.source, v.release, v.stored, v.loaded_at,
    coalesce(c.version_id = v.id, false) AS is_current,
    to_regclass($3 || '_v' || v.id) IS NOT NULL AS has_records
FROM version AS v
LEFT JOIN current_version AS c ON c.dataset = v.dataset AND c.month = v.month
WHERE
    v.dataset = $1
    AND v.month = $2
    AND EXISTS (SELECT FROM verdict AS d WHERE d.run_id = v.run_id AND d.verdict = 'loaded')
ORDER BY v.id DESC
