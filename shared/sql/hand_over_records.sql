-- Tables of records, versions' own tables and what waits to become some belong to the loader, which drops them one day.
-- What the database's owner made, before services had roles or in restoring a dump, is handed over: each table in a
-- transaction of its own, for there may be thousands and somebody may read one.
DO $$
DECLARE
    made record;
    records regclass [] := ARRAY['street_crime', 'crime_outcome', 'stop'];
BEGIN
    -- Before this migration everything is the owner's.
    IF NOT EXISTS (SELECT FROM migration WHERE name = '0018_service_roles') THEN
        RETURN;
    END IF;
    FOR made IN
        SELECT format('%I.%I', c.relnamespace::regnamespace, c.relname) AS name
        FROM pg_class AS c
        WHERE
            c.relkind IN ('r', 'p')
            AND c.relowner <> 'crimemaps_loader'::regrole
            AND (
                c.oid = ANY (records)
                OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = ANY (records))
                OR (c.relnamespace = 'staging'::regnamespace AND c.relname ~ '^(street|outcomes|stops)_')
            )
    LOOP
        EXECUTE format('ALTER TABLE IF EXISTS %s OWNER TO crimemaps_loader', made.name);
        COMMIT;
    END LOOP;
END
$$
