INSERT INTO verdict (run_id, dataset, month, verdict, version_id, reasons, seconds)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (run_id) DO NOTHING
