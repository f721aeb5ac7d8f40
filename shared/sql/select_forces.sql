SELECT slug, id FROM force
