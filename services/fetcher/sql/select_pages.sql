SELECT id AS slice_id, sha256, records FROM slice WHERE run_id = $1 AND state = 'fetched' ORDER BY id
