-- Compares version $2 of the API with version $3 of the archive as multisets, and writes down for reconciliation $1 what is
-- equal and what is not, and for the API's records who recorded them. $4 and $5: the forces that each was asked for, NULL
-- is all. $6 and $7: names of outcomes, and the one that stands for each. $8: street names are compared. $9: nobody
-- compared the API's version before.
WITH outcome AS MATERIALIZED (
    SELECT l.id, min(l.id) OVER (PARTITION BY l.kind, coalesce(same.name, l.value, '')) AS number
    FROM label AS l
    LEFT JOIN unnest($6::text [], $7::text []) AS same (published, name) ON same.published = l.value
    WHERE l.kind IN ('street_outcome', 'outcome', 'stop_outcome')
),

-- Each source has places of its own: they are the same by what both say of them.
place AS MATERIALIZED (
    SELECT
        id, located, area,
        min(id) OVER (
            PARTITION BY
                CASE WHEN located THEN lon_e6 END,
                CASE WHEN located THEN lat_e6 END,
                CASE WHEN located AND $8::boolean THEN lower(street_name) END COLLATE "C",
                located AND is_btp,
                CASE WHEN NOT located THEN area END
        ) AS number
    FROM (
        SELECT
            p.*,
            p.location_type IS NOT DISTINCT FROM 'BTP' AS is_btp,
            CASE WHEN p.location_type = 'BTP' THEN btp.id ELSE p.force_id END AS area
        FROM snap_point AS p
        JOIN force AS btp ON btp.slug = 'btp'
        WHERE p.id IN (
            SELECT snap_point_id FROM ({api}) AS r
            UNION
            SELECT snap_point_id FROM ({archive}) AS r
        )
    ) AS used
),

api AS (
    SELECT
        r.content_hash, r.ordinal, r.subject, r.has_id, p.number AS place, p.located, o.number AS outcome,
        coalesce(r.force_id, p.area) AS area,
        true AS is_there,
        row_number() OVER (PARTITION BY p.number, r.subject, o.number ORDER BY r.content_hash, r.ordinal) AS twin
    FROM ({api}) AS r
    JOIN place AS p ON p.id = r.snap_point_id
    JOIN outcome AS o ON o.id = r.outcome_id
),

archive AS (
    SELECT
        r.subject, r.has_id, p.number AS place, p.located, o.number AS outcome,
        coalesce(r.force_id, p.area) AS area,
        coalesce(e.force_id, r.force_id, p.area) AS recorder,
        true AS is_there,
        row_number() OVER (PARTITION BY p.number, r.subject, o.number ORDER BY r.content_hash, r.ordinal) AS twin
    FROM ({archive}) AS r
    JOIN place AS p ON p.id = r.snap_point_id
    JOIN outcome AS o ON o.id = r.outcome_id
    LEFT JOIN recorded_elsewhere AS e
        ON e.version_id = $3::integer AND e.content_hash = r.content_hash AND e.ordinal = r.ordinal
),

both_sides AS MATERIALIZED (
    SELECT
        api.content_hash, api.ordinal, archive.recorder, place, subject, outcome,
        coalesce(api.area, archive.area) AS area,
        coalesce(api.located, archive.located) AS located,
        coalesce(api.has_id, archive.has_id) AS has_id,
        api.is_there IS NOT NULL AS in_api,
        archive.is_there IS NOT NULL AS in_archive
    FROM api
    FULL JOIN archive USING (place, subject, outcome, twin)
),

-- Of what is left on each side: the same but for the outcome. Without an id nothing is known to be the same.
left_over AS MATERIALIZED (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY in_api, place, subject ORDER BY outcome, content_hash, ordinal
        ) * CASE WHEN has_id OR in_api THEN 1 ELSE -1 END AS twin
    FROM both_sides
    WHERE NOT (in_api AND in_archive)
),

compared AS MATERIALIZED (
    SELECT content_hash, ordinal, recorder, area, located, 'equal' AS result
    FROM both_sides
    WHERE in_api AND in_archive
    UNION ALL
    SELECT
        api.content_hash, api.ordinal, archive.recorder,
        coalesce(api.area, archive.area),
        coalesce(api.located, archive.located),
        CASE
            WHEN archive.in_archive IS NULL THEN 'api'
            WHEN api.in_api IS NULL THEN 'archive'
            ELSE 'other_outcome'
        END
    FROM (SELECT * FROM left_over WHERE in_api) AS api
    FULL JOIN (SELECT * FROM left_over WHERE in_archive) AS archive USING (place, subject, twin)
),

-- An earlier comparison with another archive knew some recorders too.
forgotten AS (
    DELETE FROM recorded_elsewhere AS e
    USING compared AS c
    WHERE
        e.version_id = $2::integer
        AND e.content_hash = c.content_hash
        AND e.ordinal = c.ordinal
        AND c.recorder = c.area
),

noted AS (
    INSERT INTO recorded_elsewhere (version_id, content_hash, ordinal, force_id)
    SELECT $2, content_hash, ordinal, recorder
    FROM compared
    WHERE content_hash IS NOT NULL AND CASE WHEN recorder IS NULL THEN $9::boolean ELSE recorder IS DISTINCT FROM area END
    ON CONFLICT (version_id, content_hash, ordinal) DO UPDATE SET force_id = excluded.force_id
)

INSERT INTO reconciliation_count (
    reconciliation_id, recorded_by, police_area, equal, other_outcome, api_unlocated, api_otherwise,
    archive_unlocated, archive_outside, archive_otherwise
)
SELECT
    $1::integer, recorder, area,
    count(*) FILTER (WHERE result = 'equal'),
    count(*) FILTER (WHERE result = 'other_outcome'),
    count(*) FILTER (WHERE result = 'api' AND NOT located),
    count(*) FILTER (WHERE result = 'api' AND located),
    count(*) FILTER (WHERE result = 'archive' AND NOT located),
    count(*) FILTER (WHERE result = 'archive' AND located AND area IS DISTINCT FROM recorder),
    count(*) FILTER (WHERE result = 'archive' AND located AND area = recorder)
FROM compared
WHERE CASE result
    WHEN 'api' THEN $5::smallint [] IS NULL OR coalesce(area = ANY($5), false)
    WHEN 'archive' THEN $4::smallint [] IS NULL OR coalesce(area = ANY($4), false)
    ELSE true
END
GROUP BY recorder, area
