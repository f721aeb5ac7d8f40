-- Changes whenever anything changes that an answer may say.
SELECT md5(concat_ws(
    '|',
    $1::text,
    (SELECT string_agg(concat_ws(',', dataset, month, version_id), ';' ORDER BY dataset, month) FROM current_version),
    (
        SELECT
            string_agg(
                concat_ws(',', dataset, month, version_id, mapping_version, extract(epoch FROM rebuilt_at)), ';'
                ORDER BY dataset, month
            )
        FROM grid
    ),
    (SELECT concat_ws(',', count(*), extract(epoch FROM max(decided_at))) FROM verdict),
    (SELECT concat_ws(',', count(*), max(id)) FROM reconciliation),
    (SELECT string_agg(concat_ws(',', slug, name, population), ';' ORDER BY slug) FROM force)
))
