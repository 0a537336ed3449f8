-- Once, on the primary of a new cluster, as its superuser:
--   read -rs PROPRIETAIRE SERVICE; export PROPRIETAIRE SERVICE; psql -f base.sql
-- (the two passwords, from the environment: command lines are seen by all), then `traces-postes migrer` as the owner.
\set ON_ERROR_STOP on
\getenv proprietaire PROPRIETAIRE
\getenv service SERVICE
SET password_encryption = 'scram-sha-256';
CREATE ROLE traces_postes_service;
CREATE ROLE proprietaire LOGIN IN ROLE traces_postes_service PASSWORD :'proprietaire';
CREATE ROLE service LOGIN IN ROLE traces_postes_service PASSWORD :'service';
CREATE DATABASE traces_postes OWNER proprietaire;
-- To the role, not to the user: so another user can take its place (docs/cles.md).
REVOKE ALL ON DATABASE traces_postes FROM PUBLIC;
GRANT CONNECT ON DATABASE traces_postes TO traces_postes_service;
