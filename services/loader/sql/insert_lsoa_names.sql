INSERT INTO lsoa (vintage, code, name)
SELECT $1, new.code, new.name
FROM unnest($2::text [], $3::text []) AS new (code, name)
WHERE NOT EXISTS (SELECT FROM lsoa AS l WHERE l.vintage = $1 AND l.code = new.code)
ORDER BY new.code
ON CONFLICT DO NOTHING
