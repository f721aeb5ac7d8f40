UPDATE slice
SET state = 'fetched', sha256 = $3, records = $4, error = '', updated_at = clock_timestamp()
WHERE run_id = $1 AND id = $2 AND state = 'waiting'
