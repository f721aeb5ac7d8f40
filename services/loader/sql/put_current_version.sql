INSERT INTO current_version (dataset, month, version_id)
VALUES ($1, $2, $3)
ON CONFLICT (dataset, month) DO UPDATE SET version_id = excluded.version_id
