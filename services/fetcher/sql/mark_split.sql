UPDATE slice
SET state = 'split', error = '', updated_at = clock_timestamp()
WHERE run_id = $1 AND id = $2 AND state = 'waiting'
