-- Replaced versions of a month beyond the newest $3 that still have their records, and those that were only compared.
-- The newest from an archive stays: versions of the API to come are compared with it.
SELECT id
FROM (
    SELECT
        v.id,
        d.run_id IS NOT NULL AS is_compared,
        v.id < c.version_id AS is_replaced,
        row_number() OVER (PARTITION BY d.run_id IS NULL AND v.id < c.version_id ORDER BY v.id DESC) AS age,
        row_number() OVER (PARTITION BY v.source ORDER BY v.id DESC) = 1 AND v.source = 'archive' AS is_reference
    FROM version AS v
    JOIN current_version AS c ON c.dataset = v.dataset AND c.month = v.month
    LEFT JOIN verdict AS d ON d.run_id = v.run_id AND d.verdict = 'reconciled'
    WHERE v.dataset = $1 AND v.month = $2 AND to_regclass($4 || '_v' || v.id) IS NOT NULL
) AS kept
WHERE NOT is_reference AND (is_compared OR (is_replaced AND age > $3))
ORDER BY id DESC
