DELETE FROM outcome_cube WHERE month = $1
