-- Records of every ONS police force area and month. Railway police count for themselves.
SELECT
    m.force_id, f.slug, f.name, f.population, m.month,
    sum(m.located - m.located_btp + m.unlocated)::integer AS records
FROM street_mix AS m
JOIN force AS f ON f.id = m.force_id
WHERE f.pfa_code IS NOT NULL AND m.month BETWEEN $1 AND $2
GROUP BY m.force_id, f.slug, f.name, f.population, m.month
