-- The oldest waiting run of a dataset of which no other is being fetched.
SELECT id, dataset, month, forces, accept_loss
FROM run AS waiting
WHERE
    dataset = $1
    AND state = 'queued'
    AND source = 'api'
    AND NOT EXISTS (
        SELECT FROM run AS busy WHERE busy.dataset = $1 AND busy.state = 'fetching' AND busy.source = 'api'
    )
ORDER BY queued_at, month
LIMIT 1
