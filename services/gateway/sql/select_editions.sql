-- All files of a month that can be fetched, the newest edition first.
SELECT manifest
FROM download
WHERE dataset = $1 AND month = $2
ORDER BY replaced_at DESC NULLS FIRST
