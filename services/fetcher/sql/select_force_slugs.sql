SELECT slug FROM force ORDER BY slug
