-- Published words of street crimes by number: categories, and outcomes with their group.
SELECT l.id, l.kind, l.value, o.group_slug, coalesce(o.stage = 'pending', false) AS is_pending
FROM label AS l
LEFT JOIN outcome AS o ON o.id = l.id
WHERE l.kind IN ('category', 'street_outcome')
