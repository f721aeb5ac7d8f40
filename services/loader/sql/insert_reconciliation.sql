-- Nothing comes back where the two were compared before.
INSERT INTO reconciliation AS r (api_version_id, archive_version_id)
VALUES ($1, $2)
ON CONFLICT (api_version_id, archive_version_id) DO NOTHING
RETURNING r.id, NOT EXISTS (SELECT FROM reconciliation AS other WHERE other.api_version_id = $1) AS is_first
