-- A postcode of the loaded edition: one row, with postcode NULL where the edition does not have it; no row
-- where no edition is loaded.
SELECT
    p.postcode,
    p.lat_e6,
    p.lon_e6,
    p.country,
    p.terminated,
    e.source
FROM postcode_edition AS e
LEFT JOIN postcode AS p ON p.postcode = $1
