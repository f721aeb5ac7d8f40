-- Counts of some map points in some months, by category (for stops the object of search) and outcome.
SELECT c.category_id, c.outcome_id, sum(c.n)::bigint AS n
FROM {table} AS c
WHERE
    c.snap_point_id = ANY($1::integer [])
    AND c.month = ANY($2::date [])
    AND ($3::smallint [] IS NULL OR c.category_id = ANY($3))
    AND ($4::smallint [] IS NULL OR c.outcome_id = ANY($4))
GROUP BY c.category_id, c.outcome_id
