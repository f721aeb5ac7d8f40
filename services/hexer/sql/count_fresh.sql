SELECT
    coalesce(sum(n), 0)::integer AS records,
    coalesce(sum(n) FILTER (WHERE i_275 IS NULL), 0)::integer AS off_grid,
    coalesce(sum(n) FILTER (WHERE g.slug = 'unmapped'), 0)::integer AS unmapped
FROM fresh
JOIN outcome_group AS g ON g.id = fresh.group_id
