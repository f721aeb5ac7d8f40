DELETE FROM stop_point_count WHERE month = $1
