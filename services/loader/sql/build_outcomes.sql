-- Twins numbered, neighbours stored together.
INSERT INTO {target}
SELECT
    $1, snap_point_id, category_id, outcome_id, crime_month,
    (row_number() OVER (PARTITION BY snap_point_id, content_hash) - 1)::smallint,
    content_hash, persistent_id, extra
FROM ({selected}) AS record
ORDER BY snap_point_id, content_hash
