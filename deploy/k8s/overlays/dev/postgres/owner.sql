-- The first start: an owner that is no superuser. Migrations make the roles of services.
\getenv password DB_PASSWORD
CREATE ROLE crimemaps LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE crimemaps OWNER crimemaps;
\connect crimemaps
CREATE EXTENSION postgis;
