#!/usr/bin/env bash
# Sauvegarde la base, à côté du service en marche, dans un fichier daté du dossier donné ; voyez docs/sauvegarde.md.
# Se connecte en propriétaire du schéma, par TRACES_POSTES_MIGRATION_URL ou DATABASE_URL ; le mot de passe est à mettre
# dans ~/.pgpass, non dans l'adresse, que la liste des processus montre.
set -euo pipefail
umask 077

[[ $# -eq 1 ]] || { echo "usage : sauvegarder.sh DOSSIER" >&2; exit 2; }
url=${TRACES_POSTES_MIGRATION_URL:-${TRACES_POSTES_DATABASE_URL:-}}
[[ -n $url ]] || { echo "TRACES_POSTES_MIGRATION_URL manque : donnez l'adresse de la base, en propriétaire." >&2; exit 1; }
command -v pg_dump >/dev/null || { echo "pg_dump manque : installez les clients de PostgreSQL 18." >&2; exit 1; }

mkdir -p "$1"
fichier=$1/traces-postes-$(date -u +%Y%m%dT%H%M%SZ).dump
[[ ! -e $fichier ]] || { echo "$fichier existe déjà : relancez dans une seconde." >&2; exit 1; }
partiel=$(mktemp "$fichier.XXXXXX")
trap 'rm -f "$partiel"' EXIT

pg_dump --format=custom --no-password --lock-wait-timeout=60s --file="$partiel" --dbname="$url"
pg_restore --list "$partiel" | grep 'TABLE DATA .* trace ' >/dev/null || { echo "Cette base n'est pas celle du service." >&2; exit 1; }
(cd "$1" && sha256sum "${partiel##*/}" | sed "s|${partiel##*/}|${fichier##*/}|" >"${fichier##*/}.sha256")
mv "$partiel" "$fichier" # d'un seul geste : ce qui porte ce nom est entier
sync "$fichier" "$fichier.sha256" "$1"
echo "$fichier"
