-- From the first request to the last page of these runs.
SELECT coalesce(extract(EPOCH FROM max(ended_at) - min(started_at)), 0)::double precision AS seconds
FROM run
WHERE id = ANY($1::uuid [])
