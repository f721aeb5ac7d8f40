INSERT INTO grid (dataset, month, version_id, mapping_version, records, off_grid, seconds)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (dataset, month) DO UPDATE
SET
    version_id = excluded.version_id,
    mapping_version = excluded.mapping_version,
    records = excluded.records,
    off_grid = excluded.off_grid,
    seconds = excluded.seconds,
    rebuilt_at = clock_timestamp()
