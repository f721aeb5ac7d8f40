SELECT slug, label FROM outcome_group WHERE dataset = 'street' ORDER BY id
