SELECT id, name, population FROM force WHERE slug = $1
