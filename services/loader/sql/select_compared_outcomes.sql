-- The records of a version by the fields that both sources publish.
SELECT
    content_hash, ordinal, snap_point_id, outcome_id,
    persistent_id AS subject,
    persistent_id <> '' AS has_id,
    NULL::smallint AS force_id
FROM {target}
