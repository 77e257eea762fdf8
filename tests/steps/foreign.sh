# A step for tests/run.sh: clients of other projects, and their test suites, with our server and with the real owserver.

# Two addresses of the loopback interface, and the protocol's port: the suite of owjs uses no other.
ours=127.0.0.41
owserver=127.0.0.42
foreign_port=4304

foreign_devices=10,28,26,05,29,2D
foreign_paths=(
    /10.000010EF0000
    /10.000010EF0000/type
    /10.000010EF0000/temperature
    /uncached/10.000010EF0000/temperature
    /28.000028D70100/temperature12
    /26.000026D90200/VAD
    /05.000005FA0300/PIO
    /29.000029D60400/PIO.BYTE
    /29.000029D60400/PIO.ALL
    /2D.00002DD20500/memory
    /alarm
    /settings/units/temperature_scale
    /structure/28/temperature
    /10.000010EF0000/nothing
    /nothing
)

# The result is a table with a line for each client of tests/foreign/README.md.
step_foreign() (
    folder=$target/foreign python=$target/foreign/venv/bin/python programs=$root/tests/foreign
    servers=() compared=0 failed=0 reasons=()
    need owserver:owserver && build_ow || exit 1
    rm -rf "$folder/transcripts" && mkdir -p "$folder/transcripts" "$folder/$ours" "$folder/$owserver" || exit 1
    trap '[ ${#servers[@]} -eq 0 ] || kill "${servers[@]}"' EXIT
    start_server ours "$target/debug/ow" --sim="tester:$foreign_devices" serve --listen "$ours:$foreign_port" &&
        start_server owserver owserver --foreground --nozero --pid_file="$folder/owserver.pid" \
            -p "$owserver:$foreign_port" --tester="$foreign_devices" || exit 1
    printf '| client | ours | owserver | |\n|---|---:|---:|---|\n' >>"$result"

    # test_exceptions looks up public host names.
    suite pyownet pyownet_tests -- env -C "$folder/@HOST@" "$python" -m pytest -v --color=no -p no:cacheprovider \
        --rootdir "$folder/pyownet" "$folder/pyownet/tests" --deselect tests/test_protocol.py::Test_misc::test_exceptions
    suite owjs npm_packages owjs@0.1.1 mocha@10 should@1.3.0 -- env OWFS=@HOST@ \
        "$folder/node_modules/.bin/mocha" --reporter tap --timeout 20000 "$folder/node_modules/owjs/test"

    address=(@HOST@ "$foreign_port")
    client aio-ownet pypi aio-ownet==0.1.0 -- \
        "$python" "$programs/aio_ownet_calls.py" "${address[@]}" "${foreign_paths[@]}"
    # asyncowfs does not declare that it needs attrs and outcome.
    client asyncowfs pypi asyncowfs==0.15.3 attrs outcome -- "$python" "$programs/asyncowfs_calls.py" "${address[@]}"
    client owfs.js npm_packages owfs@0.4.0 -- \
        env NODE_PATH="$folder/node_modules" node "$programs/owfs_calls.js" "${address[@]}" "${foreign_paths[@]}"
    client libowcapi owcapi_program -- "$folder/owcapi_calls" "${address[@]}" "${foreign_paths[@]}"
    client OWNet.pm debian perl libownet-perl -- \
        perl "$programs/OWNet_calls.pl" "${address[@]}" "${foreign_paths[@]}"
    client OW.pm debian perl libow-perl -- perl "$programs/OW_calls.pl" "${address[@]}" "${foreign_paths[@]}"
    client owtcl debian tcl libow-tcl -- tclsh "$programs/owtcl_calls.tcl" "${address[@]}" "${foreign_paths[@]}"
    client python3-onewire debian python3-onewire -- \
        /usr/bin/python3 "$programs/onewire_calls.py" "${address[@]}"
    client ow-shell debian ow-shell -- "$programs/ow_shell_calls.sh" "${address[@]}" "${foreign_paths[@]}"
    client owhttpd debian owhttpd curl -- "$programs/owhttpd_pages.sh" "${address[@]}" "${foreign_paths[@]}"
    client owfs debian owfs-fuse -- "$programs/owfs_files.sh" "${address[@]}" "${foreign_paths[@]}"

    for reason in "${reasons[@]}"; do not_checked "$reason"; done
    [ $compared -gt 0 ] || echo "no client could be run"
    [ $compared -gt 0 ] && [ $failed -eq 0 ]
)

# start_server NAME PROGRAM ARG...: returns when the server listens at its address.
start_server() {
    local name=$1 host=${!1}
    shift
    if listens "$host"; then
        echo "$host:$foreign_port is in use; this step needs it"
        return 1
    fi
    "$@" >"$folder/$name.log" 2>&1 &
    servers+=($!)
    until listens "$host"; do
        sleep 0.1
        kill -0 $! || { cat "$folder/$name.log" && return 1; }
    done
}

listens() { (: >"/dev/tcp/$1/$foreign_port") 2>/dev/null; }

# Runs a program with each server, and compares what it prints: client NAME INSTALL... -- PROGRAM ARG...
# INSTALL is a command that makes the program available. @HOST@ in the arguments stands for the server's address.
client() { compare client "$@"; }

# As client, for a test suite.
suite() { compare suite "$@"; }

compare() {
    local kind=$1 name=$2 install=() server transcript statuses=() numbers=() verdict=equal
    shift 2
    while [ "$1" != -- ]; do install+=("$1") && shift; done
    shift
    echo "== $name"
    "${install[@]}" || { not_run "'${install[*]}' failed" && return; }
    for server in ours owserver; do
        transcript=$folder/transcripts/$name.$server
        timeout 120 "${@//@HOST@/${!server}}" >"$transcript" 2>&1
        statuses+=($?)
        # Without the address, and without the seconds in pytest's last line.
        sed -i "s/${!server//./\\.}/HOST/g; s/ in [0-9.]*s / /" "$transcript"
        numbers+=("$(count "$kind" "$transcript")")
    done
    # Status 77: the program found that it cannot work on this machine.
    [ "${statuses[*]}" != "77 77" ] || { not_run "$(tail -n 1 "$transcript")" && return; }
    compared=$((compared + 1))
    if ! diff --text --unified --label ours --label owserver "$folder/transcripts/$name".{ours,owserver}; then
        verdict=DIFFERENT
    elif [ "${statuses[*]}" != "0 0" ] || [ "${numbers[0]}" = none ]; then
        verdict=FAILED
        echo "exit statuses: ${statuses[*]}"
        cat "$transcript"
    fi
    [ $verdict = equal ] || failed=1
    echo "| $name | ${numbers[0]} | ${numbers[1]} | $verdict |" >>"$result"
}

# not_run REASON
not_run() {
    echo "| $name | NOT run | NOT run | |" >>"$result"
    reasons+=("$name: $1")
}

# The lines that a client printed, or "none" if the type of a device is not among them: count client TRANSCRIPT
# The tests of a suite that passed, or "none" if some were skipped, as they are without a server: count suite TRANSCRIPT
count() {
    if [ "$1" = client ]; then
        grep -q --text DS18S20 "$2" && echo "$(wc -l <"$2") lines" || echo none
    elif grep -qE '[0-9] skipped|# SKIP' "$2"; then
        echo none
    else
        # The last line of pytest, and one of the last that mocha prints.
        sed -nE 's/^=+ ([1-9][0-9]* passed.*[a-z]) .*/\1/p; s/^# pass ([1-9][0-9]*)$/\1 passed/p' "$2" | grep . || echo none
    fi
}

# Packages of PyPI: pypi PACKAGE==VERSION...
pypi() { target=$folder need_pyownet && "$python" -m pip install --disable-pip-version-check --quiet "$@"; }

npm_packages() {
    need node:nodejs npm:npm &&
        npm install --prefix "$folder" --ignore-scripts --no-audit --no-fund --prefer-offline "$@"
}

debian() {
    local package missing=()
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package")" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

owcapi_program() {
    debian libow-dev && cc -Wall -o "$folder/owcapi_calls" "$programs/owcapi_calls.c" -lowcapi -low
}

# The tests of pyownet are in its source distribution. New setuptools refuse its setup.py, so that pip fails after it has
# unpacked the files; --no-clean leaves them.
pyownet_tests() {
    local host unpacked=$folder/unpacked
    pypi pyownet==0.10.0.post1 pytest || return 1
    if [ ! -d "$folder/pyownet/tests" ]; then
        rm -rf "$unpacked" "$folder/pyownet" && mkdir -p "$unpacked" || return 1
        TMPDIR=$unpacked "$python" -m pip download --disable-pip-version-check --no-clean --no-deps --no-binary pyownet \
            --dest "$unpacked" pyownet==0.10.0.post1
        mv "$unpacked"/pip-download-*/pyownet_* "$folder/pyownet" || return 1
    fi
    # The tests read the server's address from this file of the folder that they run in.
    for host in "$ours" "$owserver"; do
        printf '[server]\nhost = %s\nport = %s\n' "$host" "$foreign_port" >"$folder/$host/tests.ini"
    done
}
