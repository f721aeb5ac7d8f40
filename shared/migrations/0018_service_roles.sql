-- A role for each service, which may do what its statements do and no more: what it may not do, no mistake can. The
-- gateway's is crimemaps_reader. The owner is a member of all, so that it may still do everything.
-- Roles belong to the whole server: another database, or another process at this moment, may have made them.
DO $$
DECLARE
    service text;
    wanted text [] := '{}';
BEGIN
    FOREACH service IN ARRAY ARRAY[
        'crimemaps_fetcher', 'crimemaps_loader', 'crimemaps_hexer', 'crimemaps_reporter'
    ] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', service);
        EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
            NULL;
        END;
        BEGIN
            EXECUTE format('GRANT %I TO %I', service, current_user);
        EXCEPTION WHEN undefined_object OR unique_violation OR insufficient_privilege THEN
            NULL;
        END;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = service) THEN
            wanted := wanted || format('CREATE ROLE %I NOLOGIN;', service);
        END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = service AND pg_has_role(oid, 'USAGE')) THEN
            wanted := wanted || format('GRANT %I TO %I;', service, current_user);
        END IF;
    END LOOP;
    IF wanted <> '{}' THEN
        RAISE EXCEPTION '% lacks the roles of services and may not make them: an administrator must run %',
            current_user, array_to_string(wanted, ' ');
    END IF;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA staging FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO crimemaps_fetcher, crimemaps_loader, crimemaps_hexer, crimemaps_reporter;

-- The fetcher: runs, and where records of the months before are.
GRANT SELECT, INSERT, UPDATE ON run, slice, tiling TO crimemaps_fetcher;
GRANT SELECT, INSERT ON release, force TO crimemaps_fetcher;
GRANT SELECT ON version_count, current_version, verdict, snap_point, grid TO crimemaps_fetcher;
GRANT SELECT (version_id, snap_point_id) ON street_crime, crime_outcome TO crimemaps_fetcher;

-- The loader: months. It makes, attaches, detaches and drops their tables, which only their owner may. Those that were
-- there before are handed over after the migrations: see shared/sql/hand_over_records.sql. Others read records through
-- these parents, and have no rights on a version's own table.
GRANT CREATE ON SCHEMA public TO crimemaps_loader;
GRANT USAGE, CREATE ON SCHEMA staging TO crimemaps_loader;
ALTER TABLE street_crime OWNER TO crimemaps_loader;
ALTER TABLE crime_outcome OWNER TO crimemaps_loader;
ALTER TABLE stop OWNER TO crimemaps_loader;
GRANT SELECT ON staging.street, staging.outcomes, staging.stops TO crimemaps_loader;
GRANT SELECT, INSERT, DELETE ON staging.page TO crimemaps_loader;
GRANT USAGE ON SEQUENCE version_id_seq TO crimemaps_loader;
GRANT SELECT, INSERT ON
label, snap_point, lsoa, point_lsoa, version, version_count, verdict, set_aside, revision, reconciliation
TO crimemaps_loader;
GRANT SELECT, INSERT, UPDATE ON current_version TO crimemaps_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON recorded_elsewhere TO crimemaps_loader;
GRANT INSERT ON revision_count, reconciliation_count TO crimemaps_loader;
GRANT SELECT ON force, category, outcome_mapping, run TO crimemaps_loader;

-- The hexer: what is counted of records.
GRANT SELECT ON
street_crime, crime_outcome, stop, snap_point, label, outcome, force, outcome_group, outcome_mapping, version,
current_version, recorded_elsewhere, point_lsoa, reconciliation
TO crimemaps_hexer;
GRANT SELECT, INSERT, DELETE ON
street_cell, stop_cell, street_point_count, stop_point_count, street_cube, stop_cube, outcome_cube, street_mix
TO crimemaps_hexer;
GRANT SELECT, INSERT ON map_point TO crimemaps_hexer;
GRANT SELECT, INSERT, UPDATE ON grid TO crimemaps_hexer;
GRANT SELECT, INSERT, UPDATE, DELETE ON download TO crimemaps_hexer;

-- The reporter: orders, whose turn it is, and what figures are worked out from.
GRANT SELECT, INSERT, UPDATE ON report TO crimemaps_reporter;
GRANT SELECT (name, secret, last_turn), UPDATE (last_turn) ON partner TO crimemaps_reporter;
GRANT SELECT ON
street_point_count, street_mix, map_point, snap_point, label, outcome, outcome_group, category, force, grid, version,
current_version, verdict, run, postcode, postcode_edition
TO crimemaps_reporter;
