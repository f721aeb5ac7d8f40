-- Rights are a table's own: they do not come with its columns.
GRANT SELECT ON new_postcode TO crimemaps_reader, crimemaps_reporter
