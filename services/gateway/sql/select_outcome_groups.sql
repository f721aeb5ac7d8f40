SELECT id, slug, label FROM outcome_group WHERE dataset = $1 ORDER BY id
