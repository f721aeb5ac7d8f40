-- A run whose slices all have their page; its row stays locked until the transaction ends.
SELECT id, dataset, month, forces, source, accept_loss, release
FROM run
WHERE
    id = $1
    AND state = 'fetching'
    AND NOT EXISTS (SELECT FROM slice WHERE run_id = $1 AND state = 'waiting')
FOR UPDATE
