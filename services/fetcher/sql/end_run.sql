UPDATE run SET state = $2, error = $3, ended_at = clock_timestamp() WHERE id = $1 AND state IN ('queued', 'fetching')
