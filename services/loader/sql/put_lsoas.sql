-- Adds what the page says of points and counts what contradicts what is known already; that stays.
WITH said AS (
    SELECT new.lon_e6, new.lat_e6, new.code, p.code AS known
    FROM unnest($1::integer [], $2::integer [], $3::text []) AS new (lon_e6, lat_e6, code)
    LEFT JOIN point_lsoa AS p ON p.lon_e6 = new.lon_e6 AND p.lat_e6 = new.lat_e6 AND p.vintage = $4
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
