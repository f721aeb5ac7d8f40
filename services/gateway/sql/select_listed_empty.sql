-- Forces whose stops were asked for, as the source listed them, and that had none. A run that asked every force knew
-- of no such list and proves nothing.
SELECT newest.month, newest.force
FROM (
    SELECT DISTINCT ON (r.month, s.force)
        r.month,
        s.force,
        s.records,
        count(*) OVER (PARTITION BY r.id) AS asked
    FROM verdict AS v
    JOIN run AS r ON r.id = v.run_id
    JOIN slice AS s ON s.run_id = r.id
    WHERE r.dataset = 'stops' AND v.verdict <> 'rejected' AND s.kind = 'force' AND s.state = 'fetched'
    ORDER BY r.month, s.force, v.decided_at DESC
) AS newest
WHERE newest.records = 0 AND newest.asked < (SELECT count(*) - 1 FROM force)
