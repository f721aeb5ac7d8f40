-- The roles that a dump names: before it is restored into a new server. Run by `crimemaps`, who may give them passwords
-- then (`python -m shared.migrate`): from PostgreSQL 16 on only who makes a role, or is told that it may, can do that.
CREATE ROLE crimemaps_fetcher;
CREATE ROLE crimemaps_loader;
CREATE ROLE crimemaps_hexer;
CREATE ROLE crimemaps_reporter;
CREATE ROLE crimemaps_reader;
GRANT crimemaps_fetcher, crimemaps_loader, crimemaps_hexer, crimemaps_reporter, crimemaps_reader TO crimemaps;
