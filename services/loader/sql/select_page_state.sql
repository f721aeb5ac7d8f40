SELECT
    EXISTS (SELECT FROM verdict WHERE run_id = $1) AS decided,
    EXISTS (SELECT FROM staging.page WHERE run_id = $1 AND slice_id = $2 AND sha256 = $3) AS staged
