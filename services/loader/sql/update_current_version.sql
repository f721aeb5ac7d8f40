UPDATE current_version SET version_id = $3
WHERE dataset = $1 AND month = $2
