-- While it is worked on, or to be tried again after a while.
UPDATE report
SET claimed_until = clock_timestamp() + make_interval(secs => $3)
WHERE partner = $1 AND id = $2 AND state = 'queued'
