-- Whoever serves the public reads with this role: what it may not do, no mistake can. The login behind it may
-- do more, and takes its rights back with RESET ROLE: a login of its own keeps them away for good.
-- Roles belong to the whole server: another database, or another process at this moment, may have made it.
DO $$
BEGIN
    BEGIN
        CREATE ROLE crimemaps_reader NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
    END;
    EXECUTE format('GRANT crimemaps_reader TO %I', current_user);
EXCEPTION WHEN insufficient_privilege THEN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'crimemaps_reader' AND pg_has_role(oid, 'MEMBER')) THEN
        RAISE EXCEPTION '% lacks the role crimemaps_reader and may not make it: an administrator must run '
            'CREATE ROLE crimemaps_reader NOLOGIN; GRANT crimemaps_reader TO %', current_user, current_user;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO crimemaps_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO crimemaps_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO crimemaps_reader;
