-- The newest version of a month from an archive that still has its records.
SELECT v.id, v.checksum, v.stored, v.source
FROM version AS v
WHERE
    v.dataset = $1
    AND v.month = $2
    AND v.source = 'archive'
    AND to_regclass($3 || '_v' || v.id) IS NOT NULL
ORDER BY v.id DESC
LIMIT 1
