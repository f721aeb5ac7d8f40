-- The loaded edition, if it has at least so many postcodes.
SELECT source FROM postcode_edition WHERE rows >= $1
