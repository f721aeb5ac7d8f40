-- Of an id that came in two overlapping tiles the first page's row is taken.
SELECT DISTINCT ON (api_id) *
FROM {staged}
WHERE page_id IN ({pages})
ORDER BY api_id, page_id
