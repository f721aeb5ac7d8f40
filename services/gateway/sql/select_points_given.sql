-- Points that were found before.
SELECT id FROM unnest($1::integer []) AS given (id)
