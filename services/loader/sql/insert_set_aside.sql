INSERT INTO set_aside (run_id, slice_id, position, reason, raw)
SELECT $1, $2, bad.position, bad.reason, bad.raw
FROM unnest($3::integer [], $4::text [], $5::text []) AS bad (position, reason, raw)
ON CONFLICT (run_id, slice_id, position) DO NOTHING
