-- How far a run is, and whether it was in vain: failed or rejected. One whose version was replaced or rolled back
-- since was not: to load it once more would undo what came after it.
SELECT
    r.state,
    coalesce(r.state = 'failed' OR v.verdict = 'rejected', false) AS in_vain
FROM run AS r
LEFT JOIN verdict AS v ON v.run_id = r.id
WHERE r.id = $1
