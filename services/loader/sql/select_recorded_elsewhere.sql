-- The hash of an archive's record covers who recorded it: twins have one recording force.
SELECT DISTINCT s.snap_point_id, s.content_hash, s.recorded_by
FROM ({selected}) AS s
JOIN snap_point AS p ON p.id = s.snap_point_id
WHERE
    s.recorded_by IS NOT NULL
    AND s.recorded_by IS DISTINCT FROM CASE
        WHEN p.location_type = 'BTP' THEN (SELECT id FROM force WHERE slug = 'btp') ELSE p.force_id
    END
