SELECT id, stored FROM version WHERE run_id = $1
