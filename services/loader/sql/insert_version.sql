INSERT INTO version (
    id, dataset, month, run_id, source, release, received, duplicates, set_aside, out_of_scope,
    kept_from_previous, stored, checksum
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
