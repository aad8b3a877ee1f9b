#!/bin/sh
# The tests of the production shape run Debian's own nginx, as ordinary processes on loopback, and wget for its health
# check. The system's service is never started. Without root, or where apt-get is absent, nothing is installed and those
# tests skip with that reason.
set -eu

PATH="$PATH:/usr/sbin"
if command -v nginx >/dev/null 2>&1 && command -v wget >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "nginx is not installed, and installing it needs root and apt-get: the tests of the proxy will be skipped." >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
log="$(mktemp)"
policy=/usr/sbin/policy-rc.d
made=""
trap 'rm -f "$log"; [ -z "$made" ] || rm -f "$policy"' EXIT
if [ ! -e "$policy" ]; then
    made=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
attempt=1
until apt-get install -y --no-install-recommends nginx wget >"$log" 2>&1; do
    if [ "$attempt" -ge 3 ]; then
        tail -n 5 "$log" >&2
        echo "nginx could not be installed: the tests of the proxy will be skipped." >&2
        exit 0
    fi
    attempt=$((attempt + 1))
    apt-get update -qq >/dev/null 2>&1 || true
    sleep 2
done
echo "nginx installed: $(nginx -v 2>&1)"
