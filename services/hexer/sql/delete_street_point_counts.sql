DELETE FROM street_point_count WHERE month = $1
