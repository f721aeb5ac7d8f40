-- England and Wales: the forces that have an ONS police force area. Summed before the words are looked up, which
-- takes a third of the time.
SELECT l.value AS category, m.force_id, m.located
FROM (
    SELECT category_id, force_id, sum(located) AS located
    FROM street_mix
    WHERE month = ANY($1::date [])
    GROUP BY category_id, force_id
) AS m
JOIN label AS l ON l.id = m.category_id
JOIN force AS f ON f.id = m.force_id
WHERE f.pfa_code IS NOT NULL
