-- One row per id of the source, twins numbered, neighbours stored together. Of an id that came in
-- two overlapping tiles the first page's row is taken.
INSERT INTO {target}
SELECT
    $1, snap_point_id, category_id, outcome_id, outcome_month,
    (row_number() OVER (PARTITION BY snap_point_id, content_hash) - 1)::smallint,
    content_hash, persistent_id, extra
FROM (
    SELECT DISTINCT ON (api_id) *
    FROM {staged}
    WHERE page_id = ANY($2::integer [])
    ORDER BY api_id, page_id
) AS record
ORDER BY snap_point_id, content_hash
