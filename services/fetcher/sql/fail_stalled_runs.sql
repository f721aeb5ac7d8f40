-- Runs of which no slice was done for $1 seconds.
UPDATE run AS r
SET
    state = 'failed',
    ended_at = clock_timestamp(),
    error = 'no slice was done for ' || round($1 / 3600) || ' hours, at last because: ' || coalesce(
        (
            SELECT s.error
            FROM slice AS s
            WHERE s.run_id = r.id AND s.state = 'waiting' AND s.error <> ''
            ORDER BY s.updated_at DESC
            LIMIT 1
        ),
        'none'
    )
WHERE
    r.state = 'fetching'
    AND r.source = 'api'
    AND clock_timestamp() - make_interval(secs => $1) > (
        SELECT coalesce(max(s.updated_at), r.started_at)
        FROM slice AS s
        WHERE s.run_id = r.id AND s.state <> 'waiting'
    )
RETURNING r.id, r.error
