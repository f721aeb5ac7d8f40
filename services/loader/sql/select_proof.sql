-- The proof of a month: what was received is what is stored and what is explained. `counted` is
-- counted anew in the records themselves.
SELECT
    v.id AS version,
    v.received,
    v.kept_from_previous,
    v.duplicates,
    v.out_of_scope,
    v.set_aside,
    v.stored,
    (SELECT count(*) FROM {parent} AS r WHERE r.version_id = v.id)::integer AS counted,
    (SELECT count(*) FROM set_aside AS s WHERE s.run_id = v.run_id)::integer AS set_aside_kept
FROM current_version AS c
JOIN version AS v ON v.id = c.version_id
WHERE c.dataset = $1 AND c.month = $2
