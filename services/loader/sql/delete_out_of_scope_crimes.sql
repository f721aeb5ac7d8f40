-- A crime is in the scope of the force in whose area it lies, for the source does not say more; but BTP's,
-- which lie in others' areas, are its own.
DELETE FROM {staged} AS s
USING snap_point AS p
LEFT JOIN force AS f ON f.id = p.force_id
WHERE
    p.id = s.snap_point_id
    AND s.page_id = ANY($1::integer [])
    AND coalesce(CASE WHEN p.location_type = 'BTP' THEN 'btp' ELSE f.slug END, '') <> ALL($2::text [])
