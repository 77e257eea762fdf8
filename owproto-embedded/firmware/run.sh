#!/bin/bash
# Runs a program of the firmware in QEMU, until it ends or Ctrl-C.
#
#   owproto-embedded/firmware/run.sh client [ADDRESS[:PORT]] [rounds=N] [pause=MILLISECONDS] [loss=PERCENT]
#   owproto-embedded/firmware/run.sh gateway [status=MILLISECONDS] [loss=PERCENT]
#
# Run build.sh before. For the programs 10.0.2.2 is this machine. The gateway is reachable on the loopback interface of
# this machine, on port 4304 or $PORT.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=${1:-}
case $program in
    client) network=user ;;
    gateway) network=user,hostfwd=tcp:127.0.0.1:${PORT:-4304}-:4304 ;;
    *)
        sed -n '4,5s/^#   /usage: /p' "$0" >&2
        exit 2
        ;;
esac
file=${CARGO_TARGET_DIR:-$root/target}/firmware/host/$program
if [ ! -f "$file" ]; then
    echo "$file does not exist: run $here/build.sh first" >&2
    exit 1
fi
arguments=$(printf ',arg=%s' "$@")
qemu=$("$root/tests/qemu.sh")
exec "$qemu" -M mps2-an385 -display none -nodefaults -nic "$network" \
    -semihosting-config "enable=on,target=native$arguments" -kernel "$file"
