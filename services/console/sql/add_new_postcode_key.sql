ALTER TABLE new_postcode ADD PRIMARY KEY (postcode)
