INSERT INTO force (id, slug, name, pfa_code, population) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (slug) DO UPDATE
SET name = excluded.name, pfa_code = excluded.pfa_code, population = excluded.population
