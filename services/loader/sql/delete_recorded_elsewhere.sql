DELETE FROM recorded_elsewhere WHERE version_id = $1
