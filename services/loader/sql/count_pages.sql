SELECT coalesce(sum(received), 0)::integer AS received, coalesce(sum(set_aside), 0)::integer AS set_aside
FROM staging.page
WHERE id = ANY($1::integer [])
