-- The keys come as one string of 16 bytes each: far cheaper to send than an array.
SELECT p.key, p.id
FROM generate_series(0, length($1::bytea) / 16 - 1) AS n
JOIN snap_point AS p ON p.key = substr($1::bytea, n * 16 + 1, 16)
