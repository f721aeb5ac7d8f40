SELECT id, slice_id, sha256, received, set_aside, problem FROM staging.page WHERE run_id = $1
