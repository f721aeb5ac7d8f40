INSERT INTO run (id, order_id, dataset, month, forces, accept_loss)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO NOTHING
