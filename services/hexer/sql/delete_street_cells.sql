DELETE FROM street_cell WHERE month = $1
