-- Runs whose pages were staged long ago and that nobody decided: their fetch failed.
SELECT p.run_id
FROM staging.page AS p
LEFT JOIN verdict AS v ON v.run_id = p.run_id
WHERE v.run_id IS NULL
GROUP BY p.run_id
HAVING max(p.staged_at) < clock_timestamp() - make_interval(days => $1)
