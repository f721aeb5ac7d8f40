-- One that was replaced and is the newest again, after a rollback, needs no new files.
INSERT INTO download (dataset, month, edition, version_id, manifest)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (dataset, month, edition) DO UPDATE
SET replaced_at = NULL
WHERE download.replaced_at IS NOT NULL
