INSERT INTO outcome_mapping (kind, value, group_id, stage, is_final, any_action, mapping_version)
SELECT $1, $2, g.id, $5, $6, $7, $8 FROM outcome_group AS g WHERE g.dataset = $3 AND g.slug = $4
