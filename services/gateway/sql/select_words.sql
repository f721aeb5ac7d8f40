-- The published categories of street crimes or objects of search; what is null or empty has no word.
SELECT id, nullif(value, '') AS word FROM label WHERE kind = $1
