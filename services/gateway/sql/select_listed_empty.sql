-- Forces whose stops were asked for, as the source listed them, and that had none. A run that asked every force knew
-- of no such list and proves nothing; but a file of an archive without any row was submitted so.
SELECT newest.month, newest.force
FROM (
    SELECT DISTINCT ON (r.month, s.force)
        r.month,
        s.force,
        s.records,
        s.kind,
        count(*) OVER (PARTITION BY r.id) AS asked
    FROM verdict AS v
    JOIN run AS r ON r.id = v.run_id
    JOIN slice AS s ON s.run_id = r.id
    JOIN current_version AS c ON c.dataset = r.dataset AND c.month = r.month AND v.version_id <= c.version_id
    WHERE r.dataset = 'stops' AND v.verdict IN ('loaded', 'unchanged') AND s.kind IN ('force', 'member') AND s.state = 'fetched'
    ORDER BY r.month, s.force, v.decided_at DESC
) AS newest
WHERE newest.records = 0 AND (newest.kind = 'member' OR newest.asked < (SELECT count(*) - 1 FROM force))
