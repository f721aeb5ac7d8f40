INSERT INTO category (slug, name, is_crime) VALUES ($1, $2, $3)
ON CONFLICT (slug) DO UPDATE SET name = excluded.name, is_crime = excluded.is_crime
