#!/bin/bash
# Runs every program of Debian's ow-shell with several options and prints their exit statuses:
# ow_shell_calls.sh HOST PORT PATH...

server=$1:$2
shift 2

show() {
    echo "== $*"
    "$@"
    echo "status $?"
}

show owexist -s "$server"
for options in "" -F -K -R "-f fic" --dir --hex "--size 3"; do
    # shellcheck disable=SC2086 # an option and its argument, or nothing
    show owdir $options -s "$server" /
    for path; do
        for program in owread owget owdir owpresent; do
            # shellcheck disable=SC2086
            show $program $options -s "$server" "$path"
        done
    done
done
# No offset for arrays and for memory: there our server differs on purpose, see owproto-core/src/tree/differences.md.
show owread --offset 3 --size 4 -s "$server" /10.000010EF0000/address /10.000010EF0000/temperature
show owwrite -s "$server" /10.000010EF0000/temphigh 29 /05.000005FA0300/PIO 1
show owread -s "$server" /10.000010EF0000/temphigh /05.000005FA0300/PIO
