-- A row for each order that is new, in one order everywhere, so that two reporters with the same orders do not wait
-- for each other. An order that could not be read is answered at once.
INSERT INTO report (partner, id, report_id, fingerprint, body, state, answer, answered_at, traceparent)
SELECT
    o.partner,
    o.id,
    o.report_id,
    o.fingerprint,
    o.body,
    CASE WHEN o.answer IS NULL THEN 'queued' ELSE 'failed' END,
    o.answer,
    CASE WHEN o.answer IS NULL THEN NULL ELSE clock_timestamp() END,
    o.traceparent
FROM unnest($1::text [], $2::text [], $3::uuid [], $4::text [], $5::bytea [], $6::text [], $7::text [])
    AS o (partner, id, report_id, fingerprint, body, answer, traceparent)
ORDER BY o.partner, o.id
ON CONFLICT (partner, id) DO NOTHING
RETURNING partner, id
