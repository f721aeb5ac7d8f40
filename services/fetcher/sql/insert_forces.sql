-- A force that the source lists and we did not know.
INSERT INTO force (id, slug, name)
SELECT (SELECT coalesce(max(id), 0) FROM force) + row_number() OVER (ORDER BY new.slug), new.slug, new.name
FROM unnest($1::text [], $2::text []) AS new (slug, name)
WHERE NOT EXISTS (SELECT FROM force AS f WHERE f.slug = new.slug)
ON CONFLICT DO NOTHING
