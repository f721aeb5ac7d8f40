INSERT INTO api_key (name, sha256, scopes, reads_per_minute, reports_per_minute)
VALUES ($1, $2, $3, $4, $5)
RETURNING id
