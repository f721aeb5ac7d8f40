-- The records of a version before it is built, with the ordinals that it will give them: the hash covers the place.
SELECT
    snap_point_id, category_id, outcome_id, content_hash,
    (row_number() OVER (PARTITION BY content_hash) - 1)::smallint AS ordinal
FROM ({selected}) AS record
