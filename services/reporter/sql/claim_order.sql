-- The oldest waiting order of the partner who has waited longest for a turn. Two reporters that pick the same one:
-- the second finds it claimed, gets no row, and asks again.
WITH next AS (
    SELECT waiting.partner, waiting.id
    FROM partner AS p
    CROSS JOIN LATERAL (
        SELECT r.partner, r.id
        FROM report AS r
        WHERE r.partner = p.name AND r.state = 'queued' AND r.claimed_until < clock_timestamp()
        ORDER BY r.ordered_at, r.id
        LIMIT 1
    ) AS waiting
    ORDER BY p.last_turn, p.name
    LIMIT 1
),

claimed AS (
    UPDATE report AS r
    SET claimed_until = clock_timestamp() + make_interval(secs => $1), tries = r.tries + 1
    FROM next
    WHERE r.partner = next.partner AND r.id = next.id
    AND r.state = 'queued' AND r.claimed_until < clock_timestamp()
    RETURNING r.partner, r.id, r.report_id, r.body, r.tries, r.traceparent
),

turn AS (
    UPDATE partner SET last_turn = clock_timestamp() FROM claimed WHERE name = claimed.partner
)

SELECT partner, id, report_id, body, tries, traceparent FROM claimed
