-- The version of every month that figures are made of now.
SELECT month, version_id, mapping_version, rebuilt_at FROM grid WHERE dataset = 'street'
