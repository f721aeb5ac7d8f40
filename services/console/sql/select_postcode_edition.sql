SELECT source FROM postcode_edition
