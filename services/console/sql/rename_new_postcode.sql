ALTER TABLE new_postcode RENAME TO postcode
