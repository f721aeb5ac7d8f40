-- Readers wait from here to the end of the transaction: for milliseconds.
DROP TABLE postcode
