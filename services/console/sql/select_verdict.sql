SELECT verdict FROM verdict WHERE run_id = $1
