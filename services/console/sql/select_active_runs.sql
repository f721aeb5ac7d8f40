-- Runs that are not decided yet: waiting, being fetched, or waiting for the loader.
SELECT r.id
FROM run AS r
LEFT JOIN verdict AS v ON v.run_id = r.id
WHERE r.state IN ('queued', 'fetching') OR (r.state = 'fetched' AND v.run_id IS NULL)
