INSERT INTO outcome_group (id, dataset, slug, label, in_denominator) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (dataset, slug) DO UPDATE
SET label = excluded.label, in_denominator = excluded.in_denominator
