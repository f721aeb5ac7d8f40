INSERT INTO run (id, order_id, dataset, month, forces, source, accept_loss)
SELECT $2, order_id, dataset, month, forces, source, accept_loss
FROM run
WHERE id = $1
ON CONFLICT (id) DO NOTHING
