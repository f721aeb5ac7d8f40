DELETE FROM outcome_mapping
