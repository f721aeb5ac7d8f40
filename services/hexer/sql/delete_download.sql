DELETE FROM download
WHERE dataset = $1 AND month = $2 AND edition = $3
