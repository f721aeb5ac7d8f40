-- One load at a time; readers are not held up.
LOCK TABLE postcode_edition IN SHARE ROW EXCLUSIVE MODE
