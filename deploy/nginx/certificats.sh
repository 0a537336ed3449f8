#!/usr/bin/env bash
# A private authority for trials, and for the workstations' certificates where there is no other: docs/proxy.md.
#   certificats.sh autorite DOSSIER             the authority, and an empty revocation list
#   certificats.sh serveur DOSSIER NOM [NOM…]   the server's certificate, for these names or addresses
#   certificats.sh poste DOSSIER NOM            a workstation's: NOM.pem and NOM.cle
#   certificats.sh revoquer DOSSIER NOM         revokes it, and renews the list
#   certificats.sh liste DOSSIER                renews the list: it is valid for JOURS_LISTE days (30)
set -euo pipefail

aide() { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
dire() { echo "$*" >&2; exit 1; }

(($# >= 2)) || aide
geste=$1 dossier=$2
shift 2
jours_autorite=3650 jours_poste=${JOURS_POSTE:-365} jours_liste=${JOURS_LISTE:-30}
umask 077

configuration() {
  cat <<FIN
[ca]
default_ca = autorite
[autorite]
database = $dossier/index.txt
new_certs_dir = $dossier/emis
certificate = $dossier/autorite.pem
private_key = $dossier/autorite.cle
rand_serial = yes
crlnumber = $dossier/numero_liste
default_md = sha256
default_crl_days = $jours_liste
policy = politique
unique_subject = no
[politique]
commonName = supplied
[req]
distinguished_name = nom
[nom]
[racine]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[serveur]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = ${noms_serveur:-DNS:localhost}
[poste]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
FIN
}

cle() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

autorite() {
  [[ ! -e $dossier/autorite.cle ]] || dire "Il y a déjà une autorité dans $dossier."
  mkdir -p "$dossier/emis"
  : >"$dossier/index.txt"
  echo 01 >"$dossier/numero_liste"
  cle "$dossier/autorite.cle"
  openssl req -new -x509 -config <(configuration) -extensions racine -key "$dossier/autorite.cle" \
    -days "$jours_autorite" -subj "/CN=Autorite des postes" -out "$dossier/autorite.pem"
  liste
}

emettre() { # profile, name, days
  local demande
  [[ $2 =~ ^[A-Za-z0-9][A-Za-z0-9.-]*$ ]] || dire "Un nom a des lettres, des chiffres, des points et des tirets."
  [[ ! -e $dossier/$2.cle ]] || dire "$2 a déjà un certificat dans $dossier."
  cle "$dossier/$2.cle"
  demande=$(mktemp)
  openssl req -new -config <(configuration) -key "$dossier/$2.cle" -subj "/CN=$2" -out "$demande"
  openssl ca -batch -notext -config <(configuration) -extensions "$1" -days "$3" -in "$demande" -out "$dossier/$2.pem" 2>/dev/null
  rm -f "$demande"
}

serveur() {
  local nom entrees=()
  for nom in "$@"; do
    if [[ $nom =~ ^[0-9.]+$|: ]]; then entrees+=("IP:$nom"); else entrees+=("DNS:$nom"); fi
  done
  noms_serveur=$(IFS=,; echo "${entrees[*]}")
  emettre serveur serveur "$jours_poste"
}

liste() {
  # Written beside it and moved: nginx may be reading it.
  openssl ca -gencrl -config <(configuration) -out "$dossier/revoques.neuf" 2>/dev/null
  mv "$dossier/revoques.neuf" "$dossier/revoques.pem"
}

revoquer() {
  openssl ca -config <(configuration) -revoke "$dossier/$1.pem" 2>/dev/null || dire "$1 est inconnu, ou déjà révoqué."
  liste
}

case $geste in
  autorite) autorite ;;
  serveur) (($# >= 1)) || aide; serveur "$@" ;;
  poste) (($# == 1)) || aide; emettre poste "$1" "$jours_poste" ;;
  revoquer) (($# == 1)) || aide; revoquer "$1" ;;
  liste) liste ;;
  *) aide ;;
esac
