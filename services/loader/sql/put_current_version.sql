-- Of two runs of a month that end at the same time the one that was built later stays.
INSERT INTO current_version (dataset, month, version_id)
VALUES ($1, $2, $3)
ON CONFLICT (dataset, month) DO UPDATE SET version_id = excluded.version_id
WHERE current_version.version_id < excluded.version_id
