SELECT id, scopes, reads_per_minute, reports_per_minute, revoked_at FROM api_key WHERE sha256 = $1
