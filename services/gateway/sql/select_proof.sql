-- What became of every received record of a month; `counted` is counted anew in the records themselves.
SELECT
    v.id AS version,
    v.run_id,
    v.received,
    v.kept_from_previous,
    v.stored,
    v.duplicates,
    v.out_of_scope,
    v.set_aside,
    (SELECT count(*) FROM {records} AS r WHERE r.version_id = v.id)::integer AS counted
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
WHERE c.dataset = $1 AND c.month = $2
