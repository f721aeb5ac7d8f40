-- A stop is in the scope of the force that published it, wherever it was.
DELETE FROM {staged} AS s
USING force AS f
WHERE
    f.id = s.force_id
    AND s.page_id = ANY($1::integer [])
    AND f.slug <> ALL($2::text [])
