SELECT slug, name, population FROM force ORDER BY slug
