-- The roles that a dump names: before it is restored into a new server. Passwords come with `python -m shared.migrate`.
CREATE ROLE crimemaps_fetcher;
CREATE ROLE crimemaps_loader;
CREATE ROLE crimemaps_hexer;
CREATE ROLE crimemaps_reporter;
CREATE ROLE crimemaps_reader;
GRANT crimemaps_fetcher, crimemaps_loader, crimemaps_hexer, crimemaps_reporter, crimemaps_reader TO crimemaps
WITH ADMIN OPTION;
