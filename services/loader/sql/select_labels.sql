SELECT l.id, l.kind, l.value, l.code
FROM unnest($1::text [], $2::text [], $3::text []) AS asked (kind, value, code)
JOIN label AS l
    ON l.kind = asked.kind AND l.value IS NOT DISTINCT FROM asked.value AND l.code = asked.code
