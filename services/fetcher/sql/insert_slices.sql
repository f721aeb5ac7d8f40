INSERT INTO slice (run_id, id, kind, force, tile, expected)
SELECT
    $1, new.id, new.kind, new.force,
    CASE WHEN new.south IS NOT NULL THEN ARRAY[new.south, new.west, new.north, new.east] END,
    new.expected
FROM unnest(
    $2::text [], $3::text [], $4::text [], $5::double precision [], $6::double precision [],
    $7::double precision [], $8::double precision [], $9::integer []
) AS new (id, kind, force, south, west, north, east, expected)
ON CONFLICT (run_id, id) DO NOTHING
