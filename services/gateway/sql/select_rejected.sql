-- Months whose newest verdict is a refusal, and the version that readers still see. What was only compared says nothing
-- of it.
SELECT newest.dataset, newest.month, newest.reasons, newest.decided_at, c.version_id AS kept_version
FROM (
    SELECT DISTINCT ON (dataset, month) dataset, month, verdict, reasons, decided_at
    FROM verdict
    WHERE verdict <> 'reconciled'
    ORDER BY dataset, month, decided_at DESC
) AS newest
LEFT JOIN current_version AS c ON c.dataset = newest.dataset AND c.month = newest.month
WHERE newest.verdict = 'rejected'
ORDER BY newest.month, newest.dataset
