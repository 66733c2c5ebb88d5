#!/bin/bash
# Installs the browser of the page's tests, on Debian or Ubuntu; the second run takes no time. Needs root.
set -euo pipefail

if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then exit 0; fi
mkdir -p /var/cache/reverie-gimp
exec 9>/var/cache/reverie-gimp/.lock
flock 9  # tests/gimp/provision.sh, which runs at the same time, uses apt too
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends chromium chromium-driver
