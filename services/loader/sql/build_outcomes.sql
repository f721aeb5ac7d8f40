-- An outcome has no id: what makes it one is its crime, its content and how often its page had it.
INSERT INTO {target}
SELECT
    $1, snap_point_id, category_id, outcome_id, crime_month,
    (row_number() OVER (PARTITION BY snap_point_id, content_hash) - 1)::smallint,
    content_hash, persistent_id, extra
FROM (
    SELECT DISTINCT ON (api_id, content_hash, occurrence) *
    FROM {staged}
    WHERE page_id = ANY($2::integer [])
    ORDER BY api_id, content_hash, occurrence, page_id
) AS record
ORDER BY snap_point_id, content_hash
