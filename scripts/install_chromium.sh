#!/usr/bin/env bash
# Gets a Chromium for the browser tests. Debian's own package is used because it brings the H.264 and AAC decoders the
# sample media needs, and because a browser downloaded by a test library is not available on every network.
# Does nothing when one is found already; on other systems it says what to set and fails.
set -euo pipefail

if [ -n "${CHROME_PATH:-}" ] && [ -x "$CHROME_PATH" ]; then
  echo "install_chromium: using CHROME_PATH=$CHROME_PATH"
  exit 0
fi
if command -v chromium > /dev/null; then
  echo "install_chromium: already here, $(command -v chromium)"
  exit 0
fi

if ! command -v apt-get > /dev/null; then
  echo "install_chromium: this is not a Debian system. Install Chrome or Chromium in your own way and set" \
    "CHROME_PATH to its executable, for example CHROME_PATH=/usr/bin/google-chrome" >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "install_chromium: needs root or sudo for apt-get install chromium; or set CHROME_PATH" >&2
    exit 1
  fi
  as_root=(sudo)
fi

"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q chromium

# Ubuntu's package of the same name installs nothing but a pointer to a snap, which may be absent or may not start.
if ! command -v chromium > /dev/null || ! chromium --version; then
  echo "install_chromium: chromium was installed but does not start; set CHROME_PATH to a Chrome that does" >&2
  exit 1
fi
