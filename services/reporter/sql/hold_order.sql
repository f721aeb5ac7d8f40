-- While it is worked on, or to be tried again after a while. Each claim counts as a try: so a claim is known.
UPDATE report
SET claimed_until = clock_timestamp() + make_interval(secs => $3)
WHERE partner = $1 AND id = $2 AND state = 'queued' AND tries = $4
RETURNING id
