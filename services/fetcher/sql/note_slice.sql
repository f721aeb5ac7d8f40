UPDATE slice
SET error = $3, updated_at = clock_timestamp()
WHERE run_id = $1 AND id = $2 AND state = 'waiting'
