UPDATE run
SET state = 'fetching', plan = $2, release = $3, started_at = clock_timestamp(), error = ''
WHERE id = $1 AND state = 'queued'
