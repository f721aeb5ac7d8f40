-- The first start of the database: its owner, who is no superuser; migrations make the services' roles.
\getenv password DB_PASSWORD
CREATE ROLE crimemaps LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE crimemaps OWNER crimemaps;
-- Only a superuser may.
\connect crimemaps
CREATE EXTENSION postgis;
