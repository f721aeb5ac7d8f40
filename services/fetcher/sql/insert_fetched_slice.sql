INSERT INTO slice (run_id, id, kind, force, state, sha256, records)
VALUES ($1, $2, 'member', $3, 'fetched', $4, $5)
ON CONFLICT (run_id, id) DO NOTHING
