-- Answers whose event a reporter may not have lived to publish.
SELECT partner, id, state, answer, traceparent
FROM report
WHERE answer IS NOT NULL AND NOT is_published AND answered_at < clock_timestamp() - make_interval(secs => $1)
ORDER BY answered_at
LIMIT 100
