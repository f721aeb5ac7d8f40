-- Without its key, which is quicker to build over all rows.
CREATE TABLE new_postcode (LIKE postcode INCLUDING CONSTRAINTS INCLUDING COMMENTS)
