SELECT slug FROM category
