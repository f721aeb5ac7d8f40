-- What differs, by police area (or force, for stops) and category (or object of search).
SELECT
    n.revision_id,
    f.slug AS force,
    n.category_id,
    n.added,
    n.removed,
    n.outcome_changed,
    n.otherwise_changed
FROM revision_count AS n
LEFT JOIN force AS f ON f.id = n.force_id
WHERE n.revision_id = ANY($1::integer []) AND ($2::text [] IS NULL OR f.slug = ANY($2::text []))
ORDER BY n.revision_id DESC, f.slug NULLS LAST, n.category_id
