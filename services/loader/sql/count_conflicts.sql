-- Ids of the source that came with two contents: it changed while it was read.
WITH repeated AS (
    SELECT api_id
    FROM {staged}
    WHERE page_id = ANY($1::integer [])
    GROUP BY api_id
    HAVING count(*) > 1
)

SELECT count(*)::integer
FROM (
    SELECT s.api_id
    FROM {staged} AS s
    JOIN repeated USING (api_id)
    WHERE s.page_id = ANY($1::integer [])
    GROUP BY s.api_id
    HAVING count(DISTINCT s.content_hash) > 1
) AS conflict
