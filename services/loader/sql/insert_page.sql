INSERT INTO staging.page (run_id, slice_id, sha256, received, set_aside, problem)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (run_id, slice_id, sha256) DO NOTHING
RETURNING id
