-- Words with a meaning that no reference table gives them.
SELECT l.kind, l.value
FROM unnest($1::smallint []) AS new (id)
JOIN label AS l ON l.id = new.id
LEFT JOIN category AS c ON l.kind = 'category' AND c.slug = l.value
LEFT JOIN outcome_mapping AS m ON m.kind = l.kind AND m.value IS NOT DISTINCT FROM l.value
WHERE
    (l.kind = 'category' AND l.value IS NOT NULL AND c.slug IS NULL)
    OR (l.kind IN ('street_outcome', 'outcome', 'stop_outcome') AND m.kind IS NULL)
