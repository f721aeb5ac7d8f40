-- Only once: whoever renders the same order at the same time finds it answered.
UPDATE report
SET state = $3, answer = $4, figures = $5, answered_at = clock_timestamp(), body = ''
WHERE partner = $1 AND id = $2 AND state = 'queued'
RETURNING id
