#!/usr/bin/env bash
# Builds the image from the committed Dockerfile where neither a container daemon nor an image registry is at hand:
# buildah, as root, on a Debian base made by mmdebstrap.
#   deploy/image/construire.sh STORAGE [IMAGE]
# STORAGE is a folder of its own for buildah and podman (--root STORAGE/images --runroot STORAGE/etat). Where it is itself
# within a container: STORAGE_DRIVER=vfs, for this script and for podman.
# BASE names a base that STORAGE already holds or that can be pulled, instead of the one made here.
set -euo pipefail

stockage=$(realpath -m "${1:?folder of the images}")
image=${2:-localhost/traces-postes}
base=${BASE:-}
source=$(realpath "$(dirname "$0")/../..")
autorites=/etc/ssl/certs/ca-certificates.crt

mkdir -p "$stockage"
essai=$(mktemp -d -p "$stockage")
trap 'rm -rf "$essai"' EXIT
export STORAGE_DRIVER=${STORAGE_DRIVER:-overlay}
options=(--root "$stockage/images" --runroot "$stockage/etat")

if [[ -z $base ]]; then
  base=localhost/traces-postes-base
  mmdebstrap --quiet --mode=root --variant=apt --include=python3-venv,tzdata --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "${DISTRIBUTION:-trixie}" "$essai/base.tar"
  podman "${options[@]}" import --quiet "$essai/base.tar" "$base" >/dev/null
  rm "$essai/base.tar"
fi

# What this machine needs to reach its package index is lent to the build, and is not in the image.
prets=()
if [[ -f $autorites ]]; then prets+=(--volume "$autorites:$autorites:ro"); fi
{
  echo '[global]'
  if [[ -f $autorites ]]; then echo "cert = $autorites"; fi
  for nom in index-url trusted-host proxy timeout; do
    valeur=$(python3 -m pip config get "global.$nom" 2>/dev/null || true)
    variable=PIP_${nom^^}
    variable=${variable//-/_}
    valeur=${!variable:-$valeur}
    if [[ -n $valeur ]]; then echo "$nom = $valeur"; fi
  done
} >"$essai/pip.conf"
prets+=(--volume "$essai/pip.conf:/etc/pip.conf:ro")

revision=$(git -C "$source" rev-parse HEAD 2>/dev/null || echo unknown)
buildah "${options[@]}" build --isolation chroot --network host --format docker "${prets[@]}" \
  --build-arg BASE="$base" --build-arg REVISION="$revision" --tag "$image" "$source"
