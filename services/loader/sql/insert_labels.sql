-- Existing labels are left out here, not by ON CONFLICT, which would use up numbers of the small id.
INSERT INTO label (kind, value, code)
SELECT asked.kind, asked.value, asked.code
FROM unnest($1::text [], $2::text [], $3::text []) AS asked (kind, value, code)
WHERE NOT EXISTS (
    SELECT FROM label AS l
    WHERE l.kind = asked.kind AND l.value IS NOT DISTINCT FROM asked.value AND l.code = asked.code
)
ORDER BY asked.kind, asked.value, asked.code
ON CONFLICT DO NOTHING
