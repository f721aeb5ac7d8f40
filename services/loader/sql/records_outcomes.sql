-- An outcome has no id: what makes it one is its crime, its content and how often its page had it.
SELECT DISTINCT ON (api_id, content_hash, occurrence) *
FROM {staged}
WHERE page_id IN ({pages})
ORDER BY api_id, content_hash, occurrence, page_id
