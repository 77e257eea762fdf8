#!/bin/bash
# Starts owhttpd as a client of a server and prints its pages: owhttpd_pages.sh HOST PORT PATH...
# owhttpd listens on the next port of the same host.

host=$1 server=$1:$2 pages=$1:$(($2 + 1))
shift 2

if (: >"/dev/tcp/$host/${pages#*:}") 2>/dev/null; then
    echo "$pages is in use"
    exit 1
fi
owhttpd --foreground --nozero --pid_file="${TMPDIR:-/tmp}/owhttpd.$$.pid" -s "$server" -p "$pages" >/dev/null 2>&1 &
owhttpd=$!
trap 'kill $owhttpd' EXIT
until (: >"/dev/tcp/$host/${pages#*:}") 2>/dev/null; do
    sleep 0.1
    kill -0 $owhttpd || exit 1
done

show() {
    echo "== $1"
    curl --silent --max-time 20 --write-out 'status %{http_code}\n' "http://$pages$1"
}

for path in / "$@" /structure /text/ /json/10.000010EF0000 '/10.000010EF0000?temphigh=30' /10.000010EF0000; do
    show "$path"
done
