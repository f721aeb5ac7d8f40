-- Outcomes of one version whose crimes are at given points, in the order of their ids, from after one of them.
SELECT {fields}
FROM (
    SELECT
        concat_ws('.', $7::text, r.snap_point_id, encode(r.content_hash, 'hex'), r.ordinal) AS id,
        $7::text AS month,
        to_char(r.crime_month, 'YYYY-MM') AS crime_month,
        category.value AS category,
        CASE WHEN r.located THEN r.lat_e6 / 1e6::double precision END AS latitude,
        CASE WHEN r.located THEN r.lon_e6 / 1e6::double precision END AS longitude,
        r.street_id,
        r.street_name,
        r.location_type,
        nullif(r.location_subtype, '') AS location_subtype,
        force.slug AS force,
        outcome.value AS outcome,
        nullif(outcome.code, '') AS outcome_code,
        mapped.slug AS outcome_group,
        nullif(encode(r.persistent_id, 'hex'), '') AS persistent_id,
        recorder.slug AS recorded_by,
        (
            SELECT l.code
            FROM point_lsoa AS l
            WHERE l.lon_e6 = r.lon_e6 AND l.lat_e6 = r.lat_e6 AND l.vintage = $13::smallint
        ) AS lsoa_code,
        nullif(r.extra, '') AS extra
    FROM (
        -- Of an archive, and of what was compared with one, the recorder is known: the place tells it, unless it is noted
        -- that another did, or that nobody knows (0). Looked up record by record, for a page has few.
        SELECT
            page.*,
            CASE
                WHEN (
                    SELECT
                        v.source = 'archive'
                        OR EXISTS (SELECT FROM reconciliation AS k WHERE k.api_version_id = v.id)
                    FROM version AS v
                    WHERE v.id = $2
                ) THEN coalesce(
                    (
                        SELECT coalesce(e.force_id, 0)
                        FROM recorded_elsewhere AS e
                        WHERE e.version_id = $2 AND e.content_hash = page.content_hash AND e.ordinal = page.ordinal
                    ),
                    CASE
                        WHEN page.location_type = 'BTP' THEN (SELECT id FROM force WHERE slug = 'btp')
                        ELSE page.force_id
                    END
                )
            END AS recorder_id
        FROM (
            SELECT
                c.*, p.located, p.lat_e6, p.lon_e6, p.street_id, p.street_name, p.location_type, p.location_subtype,
                p.force_id
            FROM ({points}) AS place
            JOIN snap_point AS p ON p.id = place.id
            JOIN crime_outcome AS c ON c.snap_point_id = place.id
            WHERE
                c.version_id = $2
                AND place.id >= $3
                AND (c.snap_point_id, c.content_hash, c.ordinal) > ($3, $4::bytea, $5::smallint)
                AND ($10::smallint [] IS NULL OR c.category_id = ANY($10))
                AND ($11::smallint [] IS NULL OR c.outcome_id = ANY($11))
                AND ($12::date [] IS NULL OR c.crime_month = ANY($12))
            ORDER BY c.snap_point_id, c.content_hash, c.ordinal
            LIMIT $6
        ) AS page
        OFFSET 0
    ) AS r
    JOIN label AS category ON category.id = r.category_id
    JOIN label AS outcome ON outcome.id = r.outcome_id
    LEFT JOIN unnest($8::smallint [], $9::text []) AS mapped (outcome_id, slug) ON mapped.outcome_id = r.outcome_id
    LEFT JOIN force ON force.id = r.force_id
    LEFT JOIN force AS recorder ON recorder.id = r.recorder_id
    ORDER BY r.snap_point_id, r.content_hash, r.ordinal
) AS record
