-- Street crimes of the British Transport Police by month: it has no area, most of them lie in those of others.
SELECT m.month, sum(m.located_btp + CASE WHEN f.slug = 'btp' THEN m.unlocated ELSE 0 END)::integer AS records
FROM street_mix AS m
JOIN force AS f ON f.id = m.force_id
WHERE m.month BETWEEN $1 AND $2
GROUP BY m.month
