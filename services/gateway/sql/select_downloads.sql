-- The newest files of every month, newest month first.
SELECT manifest
FROM download
WHERE replaced_at IS NULL
ORDER BY month DESC, dataset
