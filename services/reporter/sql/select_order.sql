SELECT fingerprint, state, answer FROM report WHERE partner = $1 AND id = $2
