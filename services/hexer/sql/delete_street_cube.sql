DELETE FROM street_cube WHERE month = $1
