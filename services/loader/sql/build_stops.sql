-- Twins numbered, neighbours stored together.
INSERT INTO {target}
SELECT
    $1, snap_point_id, force_id, type_id, gender_id, age_range_id, self_ethnicity_id,
    officer_ethnicity_id, legislation_id, category_id, outcome_id,
    (row_number() OVER (PARTITION BY snap_point_id, content_hash) - 1)::smallint,
    happened_at, operation, operation_name, involved_person, outcome_linked, clothing_removed,
    content_hash, extra
FROM ({selected}) AS record
ORDER BY snap_point_id, content_hash
