-- The public side cannot read what it has no use for: who holds a key, and what was ordered as it came.
-- It keeps the hashes, to look keys up, and the secrets that the ids of reports are made with.
REVOKE SELECT ON api_key, partner, report FROM crimemaps_reader;
GRANT SELECT (id, sha256, scopes, reads_per_minute, reports_per_minute, revoked_at) ON api_key
TO crimemaps_reader;
GRANT SELECT (name, secret) ON partner TO crimemaps_reader;
GRANT SELECT (partner, report_id, state, claimed_until, ordered_at, answered_at, answer, figures) ON report
TO crimemaps_reader;
