SELECT slug, name FROM category ORDER BY slug
