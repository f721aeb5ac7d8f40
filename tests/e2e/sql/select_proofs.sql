-- Where the records of each month went: `counted` and `kept_aside` are counted in the records themselves.
SELECT
    v.dataset, v.month, v.received, v.kept_from_previous, v.duplicates, v.out_of_scope, v.set_aside, v.stored,
    r.counted,
    (SELECT count(*) FROM set_aside AS s WHERE s.run_id = v.run_id) AS kept_aside
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
JOIN (
    SELECT 'street' AS dataset, version_id, count(*) AS counted FROM street_crime GROUP BY version_id
    UNION ALL
    SELECT 'outcomes', version_id, count(*) FROM crime_outcome GROUP BY version_id
    UNION ALL
    SELECT 'stops', version_id, count(*) FROM stop GROUP BY version_id
) AS r ON r.dataset = v.dataset AND r.version_id = v.id
ORDER BY v.dataset, v.month
