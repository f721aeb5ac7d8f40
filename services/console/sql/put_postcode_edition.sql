INSERT INTO postcode_edition (source, rows) VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE SET
    source = excluded.source, rows = excluded.rows, loaded_at = clock_timestamp()
