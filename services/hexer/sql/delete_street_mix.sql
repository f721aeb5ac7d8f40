DELETE FROM street_mix WHERE month = $1
