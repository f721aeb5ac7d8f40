-- What is equal and what is not, by the force that recorded and the police area of the place.
SELECT
    n.reconciliation_id,
    recorder.slug AS recorded_by,
    area.slug AS police_area,
    n.equal,
    n.other_outcome,
    n.api_unlocated,
    n.api_otherwise,
    n.archive_unlocated,
    n.archive_outside,
    n.archive_otherwise
FROM reconciliation_count AS n
LEFT JOIN force AS recorder ON recorder.id = n.recorded_by
LEFT JOIN force AS area ON area.id = n.police_area
WHERE
    n.reconciliation_id = ANY($1::integer [])
    AND ($2::text [] IS NULL OR recorder.slug = ANY($2::text []) OR area.slug = ANY($2::text []))
ORDER BY n.reconciliation_id DESC, recorder.slug NULLS LAST, area.slug NULLS LAST
