-- 1 row if the order is new. An order that could not be read is answered at once.
INSERT INTO report (partner, id, report_id, fingerprint, body, state, answer, answered_at, traceparent)
VALUES (
    $1, $2, $3, $4, $5,
    CASE WHEN $6::text IS NULL THEN 'queued' ELSE 'failed' END,
    $6,
    CASE WHEN $6::text IS NULL THEN NULL ELSE clock_timestamp() END,
    $7
)
ON CONFLICT (partner, id) DO NOTHING
RETURNING id
