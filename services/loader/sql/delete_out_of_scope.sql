DELETE FROM {staged} AS s
USING snap_point AS p
LEFT JOIN force AS f ON f.id = p.force_id
WHERE
    p.id = s.snap_point_id
    AND s.page_id = ANY($1::integer [])
    AND (f.slug IS NULL OR f.slug <> ALL($2::text []))
