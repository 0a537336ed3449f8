#!/usr/bin/env bash
# Restaure une sauvegarde dans une base vide, en tout ou pas du tout ; voyez docs/sauvegarde.md.
# Se connecte par TRACES_POSTES_MIGRATION_URL : qui restaure devient propriétaire du schéma, et doit pouvoir créer un
# rôle (CREATEROLE) si traces_postes_service n'est pas encore sur ce serveur.
set -euo pipefail

[[ $# -eq 1 ]] || { echo "usage : restaurer.sh FICHIER" >&2; exit 2; }
url=${TRACES_POSTES_MIGRATION_URL:-${TRACES_POSTES_DATABASE_URL:-}}
[[ -n $url ]] || { echo "TRACES_POSTES_MIGRATION_URL manque : donnez l'adresse de la base vide, en propriétaire." >&2; exit 1; }
[[ -r $1 ]] || { echo "$1 ne se lit pas." >&2; exit 1; }
if [[ -e $1.sha256 ]]; then
  (cd "$(dirname "$1")" && sha256sum --quiet --check "$(basename "$1").sha256") ||
    { echo "$1 n'est pas le fichier qui a été sauvegardé : prenez-en une autre copie." >&2; exit 1; }
fi

sql() { psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$url"; }

tables=$(sql <<<"SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
[[ $tables == 0 ]] || { echo "Cette base a déjà des tables : restaurez dans une base vide." >&2; exit 1; }

# Ce que la première migration fait aussi : un rôle est à tout le serveur, une sauvegarde de la base ne l'a pas.
sql <<'SQL'
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'traces_postes_service') THEN
    CREATE ROLE traces_postes_service;
  END IF;
  IF NOT pg_has_role(current_user, 'traces_postes_service', 'SET') THEN
    EXECUTE 'GRANT traces_postes_service TO ' || quote_ident(current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'traces_postes_service') THEN RAISE; END IF;
END $$
SQL
pg_restore --no-owner --exit-on-error --single-transaction --no-password --dbname="$url" "$1"
sql <<<"ANALYZE"
echo "Restaurée. L'utilisateur du service doit avoir ce rôle : GRANT traces_postes_service TO cet_utilisateur."
