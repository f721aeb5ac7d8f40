-- Editions that were replaced longer ago than $1 hours.
DELETE FROM download
WHERE replaced_at < clock_timestamp() - $1::double precision * interval '1 hour'
RETURNING dataset, month, edition
