#!/usr/bin/env bash
# Fetches the programs we are measured and tested against from Debian's archive and unpacks them into a folder of their
# own. Nothing is installed: no service starts, no package database changes.
#
# usage: tools/peers.sh [FOLDER]
#   FOLDER defaults to ${XDG_CACHE_HOME:-~/.cache}/narthex-peers
#   prints the folder with the programs: prometheus, promtool, victoria-metrics, prometheus-alertmanager, ...
set -euo pipefail

packages=(prometheus promtool victoria-metrics prometheus-node-exporter prometheus-alertmanager)
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/narthex-peers}
programs=$folder/root/usr/bin

# The mirror that apt uses on this machine, in the new or the old notation; Debian's own if none is found.
mirror() {
  local found
  found=$({
    sed -n 's/^URIs:[[:space:]]*\([^[:space:]]*\).*/\1/p' /etc/apt/sources.list.d/*.sources
    sed -n 's/^deb \(\[[^]]*\] \)\?\([^[:space:]]*\).*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list
  } 2>/dev/null | grep -E '/debian/?$' | head -n 1) || true
  echo "${found:-http://deb.debian.org/debian}"
}

if [[ $(cat "$folder/complete" 2>/dev/null) != "${packages[*]}" ]]; then
  mkdir -p "$folder"/{packages,lists/partial,cache/archives/partial}
  # The stable suite's versions are too old to be worth beating: take the newest, for these calls alone.
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) sid main" >"$folder/sources.list"
  options=(
    -qq
    -o "Dir::Etc::SourceList=$folder/sources.list"
    -o "Dir::Etc::SourceParts=/dev/null"
    -o "Dir::State::Lists=$folder/lists"
    -o "Dir::Cache=$folder/cache"
    -o "APT::Sandbox::User=$(id -un)"
  )
  apt-get "${options[@]}" update >&2
  (cd "$folder/packages" && apt-get "${options[@]}" download "${packages[@]}" >&2)
  for package in "$folder"/packages/*.deb; do
    dpkg-deb --extract "$package" "$folder/root"
    # Not every program knows its version as Debian builds it.
    dpkg-deb --field "$package" Version >"$programs/$(dpkg-deb --field "$package" Package).version"
  done
  echo "${packages[*]}" >"$folder/complete"
fi
echo "$programs"
