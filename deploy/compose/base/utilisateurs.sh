#!/usr/bin/env bash
# Once, in an empty cluster: the schema's owner, and the service's own user, who may write traces but not alter tables.
set -euo pipefail
lire() { tr -d '\n' <"/run/secrets/$1"; }
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set proprietaire="$(lire base-proprietaire)" --set service="$(lire base-service)" <<'SQL'
CREATE ROLE traces_postes_service;
CREATE ROLE proprietaire LOGIN IN ROLE traces_postes_service PASSWORD :'proprietaire';
CREATE ROLE service LOGIN IN ROLE traces_postes_service PASSWORD :'service';
CREATE DATABASE traces OWNER proprietaire TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE traces FROM PUBLIC;
GRANT CONNECT ON DATABASE traces TO traces_postes_service;
SQL
