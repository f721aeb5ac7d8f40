-- The first time counts: revoking again changes nothing.
UPDATE api_key SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE id = $1
RETURNING name, revoked_at
