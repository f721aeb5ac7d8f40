-- Of equal records the ordinals are 0, 1, 2 ...: the hash covers the place. Sorted first, so that groups need no hash table.
SELECT
    coalesce(sum(n), 0)::integer AS stored,
    sha256(coalesce(string_agg(twins, ''::bytea), '')) AS checksum
FROM (
    SELECT
        n,
        CASE n WHEN 1 THEN content_hash || int2send(0::smallint) ELSE (
            SELECT string_agg(content_hash || int2send(ordinal::smallint), ''::bytea ORDER BY ordinal)
            FROM generate_series(0, n - 1) AS ordinal
        ) END AS twins
    FROM (
        SELECT content_hash, count(*) AS n
        FROM (SELECT content_hash FROM {records} AS r ORDER BY content_hash) AS sorted
        GROUP BY content_hash
        ORDER BY content_hash
    ) AS told
) AS made
