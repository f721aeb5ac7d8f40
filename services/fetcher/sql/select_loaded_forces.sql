SELECT DISTINCT f.slug
FROM current_version AS c
JOIN version_count AS n ON n.version_id = c.version_id
JOIN force AS f ON f.id = n.force_id
WHERE c.dataset = $1 AND c.month = $2
