#!/usr/bin/env bash
# Takes a picture of an HTML file in a real browser: Debian's Chromium, unpacked into a folder of its own with the libraries that this
# machine lacks. Nothing is installed.
#
# usage: tools/screenshot.sh FILE.html OUT.{png,pdf} [WIDTH [HEIGHT [light|dark]]]
#   WIDTH and HEIGHT in pixels, 1100 and 1400 if left out; a PDF is A4 whatever they are
#   NARTHEX_BROWSER names the folder; it defaults to ${XDG_CACHE_HOME:-~/.cache}/narthex-browser
# The picture of docs/slo:
#   cargo run -p narthex-slo --example report -- /tmp/report
#   tools/screenshot.sh /tmp/report/report.html docs/slo/report.png 1000 1790
set -euo pipefail

[[ $# -ge 2 ]] || { sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
page=$(realpath "$1") out=$(realpath -m "$2") width=${3:-1100} height=${4:-1400} scheme=${5:-light}
folder=${NARTHEX_BROWSER:-${XDG_CACHE_HOME:-$HOME/.cache}/narthex-browser}
root=$folder/root

if [[ ! -e $folder/complete ]]; then
  mkdir -p "$folder/packages"
  # A dry run names the packages that are missing here.
  missing=$(apt-get install --simulate --no-install-recommends chromium | sed -n 's/^Inst \([^ ]*\).*/\1/p')
  # shellcheck disable=SC2086 # names, a word each
  (cd "$folder/packages" && apt-get -qq -o "APT::Sandbox::User=$(id -un)" download $missing >&2)
  for package in "$folder"/packages/*.deb; do
    dpkg-deb --extract "$package" "$root"
  done
  touch "$folder/complete"
fi

browser=$root/usr/lib/chromium/chromium
[[ -x $browser ]] || browser=$(command -v chromium)
libraries=$root/usr/lib/$(uname -m)-linux-gnu
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
options=(
  --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync
  --user-data-dir="$profile" --hide-scrollbars --window-size="$width,$height"
  --blink-settings=preferredColorScheme=$([[ $scheme == dark ]] && echo 0 || echo 1)
)
case $out in
  *.pdf) options+=(--no-pdf-header-footer --print-to-pdf="$out") ;;
  *) options+=(--screenshot="$out") ;;
esac
LD_LIBRARY_PATH=$libraries:$libraries/pulseaudio "$browser" "${options[@]}" "file://$page" 2>"$profile/log" ||
  { cat "$profile/log" >&2; exit 1; }
[[ -s $out ]]
