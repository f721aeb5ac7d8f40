-- Versions' own tables and what waits to become some belong to whoever owns street_crime: the loader, which drops them
-- one day. What the database's owner made, before services had roles, is handed over: each table in a transaction of
-- its own, for there may be thousands and somebody may read one.
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN
        SELECT format('%I.%I', c.relnamespace::regnamespace, c.relname) AS name, pg_get_userbyid(p.relowner) AS loader
        FROM pg_class AS c
        JOIN pg_class AS p ON p.oid = 'street_crime'::regclass
        WHERE
            c.relkind = 'r'
            AND c.relowner <> p.relowner
            AND (
                c.oid IN (
                    SELECT inhrelid
                    FROM pg_inherits
                    WHERE inhparent IN ('street_crime'::regclass, 'crime_outcome'::regclass, 'stop'::regclass)
                )
                OR (c.relnamespace = 'staging'::regnamespace AND c.relname ~ '^(street|outcomes|stops)_')
            )
    LOOP
        EXECUTE format('ALTER TABLE IF EXISTS %s OWNER TO %I', made.name, made.loader);
        COMMIT;
    END LOOP;
END
$$
