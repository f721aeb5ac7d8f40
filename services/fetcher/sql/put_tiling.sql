-- What the run learned: its tiles with the records that each held.
INSERT INTO tiling (dataset, run_id, tiles)
SELECT
    r.dataset, r.id,
    jsonb_agg(jsonb_build_array(s.tile[1], s.tile[2], s.tile[3], s.tile[4], s.records) ORDER BY s.id)
FROM run AS r
JOIN slice AS s ON s.run_id = r.id
WHERE r.id = $1 AND r.forces IS NULL AND s.kind = 'tile' AND s.state = 'fetched'
GROUP BY r.id
ON CONFLICT (dataset) DO UPDATE
SET run_id = excluded.run_id, tiles = excluded.tiles, learned_at = clock_timestamp()
