SELECT m.month, l.value AS category, m.located, m.located_btp, m.unlocated
FROM street_mix AS m
JOIN label AS l ON l.id = m.category_id
WHERE m.force_id = $1 AND m.month BETWEEN $2 AND $3
ORDER BY m.month, l.value
