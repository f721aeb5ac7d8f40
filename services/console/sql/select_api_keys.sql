SELECT id, name, scopes, reads_per_minute, reports_per_minute, created_at, revoked_at FROM api_key ORDER BY id
