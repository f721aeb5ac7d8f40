SELECT
    count(*)::integer AS stored,
    sha256(coalesce(string_agg(content_hash || int2send(ordinal), ''::bytea), '')) AS checksum
FROM (
    SELECT content_hash, ordinal
    FROM {target} AS r
    ORDER BY content_hash, ordinal
) AS sorted
