-- Records per month and force. The British Transport Police is told apart from the areas that its stations lie in.
SELECT
    c.dataset,
    c.month,
    CASE WHEN n.location_type = 'BTP' THEN 'btp' ELSE f.slug END AS force,
    coalesce(sum(n.n) FILTER (WHERE n.located), 0)::integer AS located,
    coalesce(sum(n.n) FILTER (WHERE NOT n.located), 0)::integer AS unlocated
FROM current_version AS c
JOIN version_count AS n ON n.version_id = c.version_id
LEFT JOIN force AS f ON f.id = n.force_id
GROUP BY 1, 2, 3
