SELECT secret FROM partner WHERE name = $1
