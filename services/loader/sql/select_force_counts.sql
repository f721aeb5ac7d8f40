-- Records per force of two versions, side by side; NULL is outside every police area. BTP's records
-- stand in others' areas and are its own.
SELECT
    CASE WHEN c.location_type = 'BTP' THEN 'btp' ELSE f.slug END AS force,
    coalesce(sum(c.n) FILTER (WHERE c.version_id = $1), 0)::integer AS before,
    coalesce(sum(c.n) FILTER (WHERE c.version_id = $2), 0)::integer AS after
FROM version_count AS c
LEFT JOIN force AS f ON f.id = c.force_id
WHERE c.version_id IN ($1, $2)
GROUP BY 1
