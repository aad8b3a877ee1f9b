#!/bin/sh
# The browser tests drive Debian's own Chromium: playwright's browsers are never downloaded.
# Without root, or where apt-get is absent, nothing is installed and the browser tests skip with that reason.
set -eu

if [ -x /usr/bin/chromium ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Chromium is not installed, and installing it needs root and apt-get: the browser tests will be skipped." >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
attempt=1
until apt-get install -y --no-install-recommends chromium >"$log" 2>&1; do
    if [ "$attempt" -ge 3 ]; then
        tail -n 5 "$log" >&2
        echo "Chromium could not be installed: the browser tests will be skipped." >&2
        exit 0
    fi
    attempt=$((attempt + 1))
    apt-get update -qq >/dev/null 2>&1 || true
    sleep 2
done
echo "Chromium installed: $(/usr/bin/chromium --version --no-sandbox 2>/dev/null || echo 'version unknown')"
