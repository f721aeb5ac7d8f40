DELETE FROM stop_cube WHERE month = $1
