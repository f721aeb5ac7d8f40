-- All but the newest edition are replaced.
UPDATE download
SET replaced_at = clock_timestamp()
WHERE dataset = $1 AND month = $2 AND edition <> $3 AND replaced_at IS NULL
