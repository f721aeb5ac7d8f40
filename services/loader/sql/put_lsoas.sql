-- Adds what the page says of points and counts what contradicts what is known already; that stays.
-- Each point is looked up by the index: a join may be planned as a scan of all points, and without LIMIT this is one.
WITH said AS (
    SELECT new.lon_e6, new.lat_e6, new.code, p.code AS known
    FROM unnest($1::integer [], $2::integer [], $3::text []) AS new (lon_e6, lat_e6, code)
    LEFT JOIN LATERAL (
        SELECT l.code
        FROM point_lsoa AS l
        WHERE l.lon_e6 = new.lon_e6 AND l.lat_e6 = new.lat_e6 AND l.vintage = $4
        LIMIT 1
    ) AS p ON true
),

added AS (
    INSERT INTO point_lsoa (lon_e6, lat_e6, vintage, code)
    SELECT lon_e6, lat_e6, $4, code
    FROM said
    WHERE known IS NULL
    ORDER BY lon_e6, lat_e6
    ON CONFLICT DO NOTHING
)

SELECT count(*)::integer FROM said WHERE known <> code
