-- The keys come as one string of 16 bytes each: far cheaper to send than an array.
SELECT key, id
FROM snap_point
WHERE key = ANY(ARRAY(
    SELECT substr($1::bytea, n * 16 + 1, 16)
    FROM generate_series(0, length($1::bytea) / 16 - 1) AS n
))
