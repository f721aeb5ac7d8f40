SELECT dataset, month FROM current_version
