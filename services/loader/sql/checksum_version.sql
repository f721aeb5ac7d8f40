SELECT
    count(*)::integer AS stored,
    sha256(coalesce(string_agg(content_hash || int2send(ordinal), ''::bytea ORDER BY content_hash, ordinal), ''))
        AS checksum
FROM {target}
