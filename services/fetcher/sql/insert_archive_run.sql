INSERT INTO run (id, order_id, dataset, month, forces, source, accept_loss, state, plan, started_at)
VALUES ($1, $2, $3, $4, $5, 'archive', $6, 'fetching', $7, clock_timestamp())
ON CONFLICT (id) DO NOTHING
