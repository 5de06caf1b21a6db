#!/usr/bin/env bash
# Gets what only some people need: ffmpeg and a font (to remake media/ with make_media.sh) and wrk (the load generator
# of the benchmarks). Running and testing Midroll needs none of them. Does nothing for what is here already.
set -euo pipefail

FONT=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf

packages=()
command -v ffmpeg > /dev/null && command -v ffprobe > /dev/null || packages+=(ffmpeg)
command -v wrk > /dev/null || packages+=(wrk)
[ -f "$FONT" ] || packages+=(fonts-dejavu-core)

if [ "${#packages[@]}" -eq 0 ]; then
  echo "install_tools: ffmpeg, wrk and the DejaVu fonts are already here"
  exit 0
fi

if ! command -v apt-get > /dev/null; then
  echo "install_tools: this is not a Debian system. Install these in your own way: ${packages[*]}" >&2
  echo "install_tools: make_media.sh looks for the DejaVu fonts in $(dirname "$FONT")" >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "install_tools: needs root or sudo for: apt-get install ${packages[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
