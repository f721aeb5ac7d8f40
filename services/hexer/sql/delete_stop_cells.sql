DELETE FROM stop_cell WHERE month = $1
