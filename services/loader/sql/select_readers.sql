-- Transactions that use a table now.
SELECT DISTINCT virtualtransaction
FROM pg_locks
WHERE
    locktype = 'relation'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND relation = to_regclass($1)
    AND mode = 'AccessShareLock'
    AND granted
    AND pid <> pg_backend_pid()
