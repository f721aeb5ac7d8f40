SELECT coalesce(max(mapping_version), 0) FROM outcome_mapping
