-- Once, on the primary of a new cluster, as its superuser:
--   psql -v proprietaire=… -v service=… -f base.sql        (the two passwords)
-- then `traces-postes migrer` as the owner, and: GRANT traces_postes_service TO service
SET password_encryption = 'scram-sha-256';
CREATE ROLE proprietaire LOGIN CREATEROLE PASSWORD :'proprietaire';
CREATE ROLE service LOGIN PASSWORD :'service';
CREATE DATABASE traces_postes OWNER proprietaire;
REVOKE ALL ON DATABASE traces_postes FROM PUBLIC;
GRANT CONNECT ON DATABASE traces_postes TO service;
