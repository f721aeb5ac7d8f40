UPDATE report SET is_published = true WHERE partner = $1 AND id = $2
