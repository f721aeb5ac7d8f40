-- Every published word by its kind, outcomes with the group that they belong to; and forces.
SELECT l.id, l.kind, l.value, o.group_slug, coalesce(o.stage = 'pending', false) AS is_pending
FROM label AS l
LEFT JOIN outcome AS o ON o.id = l.id
UNION ALL
SELECT id, 'force', slug, NULL, false FROM force
UNION ALL
SELECT 0, 'force', 'outside-police-areas', NULL, false
