SELECT name, secret FROM partner WHERE name = ANY($1)
