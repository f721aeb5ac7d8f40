-- The next $6 records of a version after the one that $3, $4 and $5 name, in the order of their ids; $2 is the month
-- as text. The columns are those of a search.
WITH outcome AS MATERIALIZED (
    SELECT id, value, code, group_slug FROM outcome
)

SELECT
    concat_ws('.', $2::text, r.snap_point_id, encode(r.content_hash, 'hex'), r.ordinal) AS id,
    $2::text AS month,
    category.value AS category,
    CASE WHEN p.located THEN p.lat_e6 / 1e6::double precision END AS latitude,
    CASE WHEN p.located THEN p.lon_e6 / 1e6::double precision END AS longitude,
    p.street_id,
    p.street_name,
    p.location_type,
    nullif(p.location_subtype, '') AS location_subtype,
    force.slug AS force,
    outcome.value AS outcome,
    to_char(r.outcome_month, 'YYYY-MM') AS outcome_month,
    outcome.group_slug AS outcome_group,
    nullif(encode(r.persistent_id, 'hex'), '') AS persistent_id,
    recorder.slug AS recorded_by,
    lsoa.code AS lsoa_code,
    nullif(r.extra, '') AS extra
FROM (
    SELECT *
    FROM street_crime
    WHERE
        version_id = $1
        AND (snap_point_id, content_hash, ordinal) > ($3::integer, $4::bytea, $5::smallint)
    ORDER BY snap_point_id, content_hash, ordinal
    LIMIT $6
) AS r
JOIN snap_point AS p ON p.id = r.snap_point_id
JOIN label AS category ON category.id = r.category_id
JOIN outcome ON outcome.id = r.outcome_id
LEFT JOIN force ON force.id = p.force_id
LEFT JOIN point_lsoa AS lsoa ON lsoa.lon_e6 = p.lon_e6 AND lsoa.lat_e6 = p.lat_e6 AND lsoa.vintage = $7::smallint
LEFT JOIN recorded_elsewhere AS e
    ON e.version_id = $1 AND e.content_hash = r.content_hash AND e.ordinal = r.ordinal
-- Of an archive, and of what was compared with one, the recorder is known: the place tells it, unless it is noted that
-- another did, or nobody knows.
LEFT JOIN force AS recorder ON recorder.id = CASE
    WHEN NOT (
        SELECT v.source = 'archive' OR EXISTS (SELECT FROM reconciliation AS k WHERE k.api_version_id = v.id)
        FROM version AS v
        WHERE v.id = $1
    ) THEN NULL
    WHEN e.version_id IS NOT NULL THEN e.force_id
    WHEN p.location_type = 'BTP' THEN (SELECT id FROM force WHERE slug = 'btp')
    ELSE p.force_id
END
ORDER BY r.snap_point_id, r.content_hash, r.ordinal
