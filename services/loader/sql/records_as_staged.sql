-- Of stops, and of files, of which no row is in two pages.
SELECT *
FROM {staged}
WHERE page_id IN ({pages})
