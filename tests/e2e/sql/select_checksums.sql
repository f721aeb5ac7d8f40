-- One checksum for each version and for each month of each read model. Numbers that a database gives
-- out in the order of arrival (words, places) are replaced by what they stand for.
WITH word AS (
    SELECT id, concat_ws(':', kind, coalesce(value, '<null>'), code) AS text
    FROM label
),

known AS (
    SELECT id, slug FROM force
    UNION ALL
    SELECT 0, 'outside every area'
),

street_cells AS (
    SELECT 'street_cell' AS model, c.month, concat_ws(' ', c.level, c.i, c.j, k.text, c.group_id, c.n) AS line
    FROM street_cell AS c
    JOIN word AS k ON k.id = c.category_id
),

stop_cells AS (
    SELECT 'stop_cell' AS model, c.month, concat_ws(' ', c.level, c.i, c.j, k.text, c.group_id, c.n) AS line
    FROM stop_cell AS c
    JOIN word AS k ON k.id = c.category_id
),

street_cubes AS (
    SELECT
        'street_cube' AS model, c.month,
        concat_ws(' ', f.slug, c.located, c.location_type, k.text, o.text, c.n) AS line
    FROM street_cube AS c
    JOIN known AS f ON f.id = c.force_id
    JOIN word AS k ON k.id = c.category_id
    JOIN word AS o ON o.id = c.outcome_id
),

stop_cubes AS (
    SELECT
        'stop_cube' AS model, c.month,
        concat_ws(
            ' ', f.slug, c.located, t.text, g.text, a.text, s.text, e.text, l.text, k.text, o.text, c.n
        ) AS line
    FROM stop_cube AS c
    JOIN known AS f ON f.id = c.force_id
    JOIN word AS t ON t.id = c.type_id
    JOIN word AS g ON g.id = c.gender_id
    JOIN word AS a ON a.id = c.age_range_id
    JOIN word AS s ON s.id = c.self_ethnicity_id
    JOIN word AS e ON e.id = c.officer_ethnicity_id
    JOIN word AS l ON l.id = c.legislation_id
    JOIN word AS k ON k.id = c.category_id
    JOIN word AS o ON o.id = c.outcome_id
),

outcome_cubes AS (
    SELECT
        'outcome_cube' AS model, c.month,
        concat_ws(' ', c.crime_month, f.slug, k.text, o.text, c.n) AS line
    FROM outcome_cube AS c
    JOIN known AS f ON f.id = c.force_id
    JOIN word AS k ON k.id = c.category_id
    JOIN word AS o ON o.id = c.outcome_id
),

street_points AS (
    SELECT
        'street_point_count' AS model, c.month,
        concat_ws(' ', encode(p.key, 'hex'), m.lon_e6, m.lat_e6, k.text, o.text, c.n) AS line
    FROM street_point_count AS c
    JOIN snap_point AS p ON p.id = c.snap_point_id
    JOIN map_point AS m ON m.snap_point_id = c.snap_point_id
    JOIN word AS k ON k.id = c.category_id
    JOIN word AS o ON o.id = c.outcome_id
),

stop_points AS (
    SELECT
        'stop_point_count' AS model, c.month,
        concat_ws(' ', encode(p.key, 'hex'), m.lon_e6, m.lat_e6, k.text, o.text, c.n) AS line
    FROM stop_point_count AS c
    JOIN snap_point AS p ON p.id = c.snap_point_id
    JOIN map_point AS m ON m.snap_point_id = c.snap_point_id
    JOIN word AS k ON k.id = c.category_id
    JOIN word AS o ON o.id = c.outcome_id
)

SELECT
    model,
    to_char(month, 'YYYY-MM') AS month,
    md5(string_agg(line, E'\n' ORDER BY line COLLATE "C")) AS checksum
FROM (
    SELECT * FROM street_cells
    UNION ALL
    SELECT * FROM stop_cells
    UNION ALL
    SELECT * FROM street_cubes
    UNION ALL
    SELECT * FROM stop_cubes
    UNION ALL
    SELECT * FROM outcome_cubes
    UNION ALL
    SELECT * FROM street_points
    UNION ALL
    SELECT * FROM stop_points
) AS lines
GROUP BY model, month
UNION ALL
SELECT v.dataset, to_char(v.month, 'YYYY-MM'), encode(v.checksum, 'hex')
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
