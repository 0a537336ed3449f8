#!/usr/bin/env bash
# Makes what compose.yml reads from secrets/: passwords, keys, and the certificates of a trial. What is there is kept.
#   deploy/compose/preparer.sh [NAME]     NAME of the server, as in nginx/ecoute.conf
set -euo pipefail
cd "$(dirname "$0")"
nom=${1:-traces-postes.example}

# Each container is given its own files alone, under its own uid: they are readable, their folder is not.
mkdir -p secrets/tls
chmod 700 secrets
chmod 755 secrets/tls

garder() { # FILE TEXT
  if [[ ! -e secrets/$1 ]]; then printf '%s\n' "$2" >"secrets/$1"; fi
  chmod 644 "secrets/$1"
}

for mot in base_administrateur base_proprietaire base_service grafana; do garder "$mot" "$(openssl rand -hex 24)"; done
for cle in cle_maitresse cle_signature; do garder "$cle" "$(openssl rand -base64 32)"; done
garder migration_url "postgresql://proprietaire:$(<secrets/base_proprietaire)@base:5432/traces"
garder database_url "postgresql://service:$(<secrets/base_service)@base:5432/traces"
garder cles_maitresses_anciennes "" # former keys, while they change: docs/cles.md
garder cles_publiques ""
garder supervision "" # « traces-postes cle creer --role supervision », once the service runs

if [[ ! -e secrets/tls/serveur.pem ]]; then
  ../nginx/certificats.sh autorite secrets/autorite
  ../nginx/certificats.sh serveur secrets/autorite "$nom" localhost
  install -m 644 "secrets/autorite/serveur.pem" secrets/tls/serveur.pem
  install -m 644 "secrets/autorite/serveur.cle" secrets/tls/serveur.cle
  install -m 644 secrets/autorite/autorite.pem secrets/autorite/revoques.pem secrets/tls/
fi
