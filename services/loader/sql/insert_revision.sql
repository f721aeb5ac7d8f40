INSERT INTO revision (version_id, replaced_id, kind, reason, is_compared) VALUES ($1, $2, $3, $4, $5) RETURNING id
