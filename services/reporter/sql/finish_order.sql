-- Only once, and only by the one whose claim is the last.
UPDATE report
SET state = $3, answer = $4, figures = $5, answered_at = clock_timestamp(), body = ''
WHERE partner = $1 AND id = $2 AND state = 'queued' AND tries = $6
RETURNING id
