# Steps for tests/run.sh that print a table: coverage, mutants, and what a call costs.

# The share of the core's lines that run under its own tests and those tests of the tests crate that are about the core.
step_coverage() {
    local version folder=$target/coverage tests objects=() object
    # The tools must read the profiles that the compiler's LLVM writes.
    version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    need "llvm-profdata-$version:llvm-$version" "llvm-cov-$version:llvm-$version" || return 1
    rm -rf "$folder/profiles" && mkdir -p "$folder" || return 1
    export LLVM_PROFILE_FILE=$folder/profiles/%p-%m.profraw RUSTFLAGS=-Cinstrument-coverage
    for tests in "owproto-core --all-features --lib --tests" "owproto-tests --test properties --test server_vectors"; do
        # shellcheck disable=SC2086 # several arguments
        cargo test --target-dir "$folder" --package $tests --no-run --message-format=json-render-diagnostics \
            >"$folder/built.json" && cargo test --target-dir "$folder" --package $tests || return 1
        while read -r object; do objects+=(${objects[0]:+--object} "$object"); done \
            < <(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' "$folder/built.json")
    done
    "llvm-profdata-$version" merge --sparse --output "$folder/all.profdata" "$folder"/profiles/*.profraw &&
        "llvm-cov-$version" report "${objects[@]}" --instr-profile "$folder/all.profdata" --show-branch-summary=false \
            --show-region-summary=false --ignore-filename-regex='(/tests/|/(tests|captured|serving)\.rs$)' "$root/owproto-core/src" \
            >"$result"
}

# Changes the core in every way that cargo-mutants knows, one change at a time, and checks that a test fails. There are
# three rounds, and each tries the mutants that the one before missed: the unit tests of the core, without the slowest;
# the unit tests and the laws; the tests of the tests crate that are about the core, without one that takes half a minute.
# MUTANTS_ARGS selects mutants, such as "--file owproto-core/src/wire/*.rs", or adds "--jobs 4".
# Compare the mutants that are left with owproto-core/mutants.md.
step_mutants() {
    local folder=$target/mutants args unit laws captured=() round last='' test host status=2
    need prlimit:util-linux && need_cargo_tool cargo-mutants || return 1
    read -ra args <<<"${MUTANTS_ARGS:-}"
    for test in server_vectors server_scope vectors properties connections; do
        captured+=("--cargo-arg=--test=$test")
    done
    # The arrays are used by name.
    # shellcheck disable=SC2034
    unit=(--cargo-arg=--lib -- -- --skip every_day_follows_the_day_before)
    # shellcheck disable=SC2034
    laws=(--cargo-arg=--lib --cargo-arg=--test=laws)
    # No baseline, a run without a mutant: cargo-mutants would look for these tests in the core.
    captured=(--test-package owproto-tests --baseline=skip "${captured[@]}" -- -- --skip devices_are_the_same_byte_for_byte)
    export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 PROPTEST_CASES=${PROPTEST_CASES:-32}
    # Limits of processor time and memory end a mutant that loops forever. The timeout by the clock is long, so that a
    # busy machine does not make a mutant look caught.
    args+=(--package owproto-core --timeout=600)
    host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${host}_RUNNER=prlimit --cpu=20 --as=4294967296"
    rm -rf "$folder" && mkdir -p "$folder" || return 1
    for round in unit laws captured; do
        # Status 2: some mutants were missed.
        [ $status -eq 2 ] || break
        mkdir "$folder/$round" || return 1
        [ -z "$last" ] || cp -r "$folder/$last/mutants.out" "$folder/$round/" || return 1
        local -n arguments=$round
        status=0
        cargo mutants --output "$folder/$round" --iterate "${args[@]}" "${arguments[@]}" || status=$?
        last=$round
    done
    mutants_table "$folder" >"$result" && { [ $status -eq 0 ] || [ $status -eq 2 ]; }
}

# mutants_table FOLDER: for each file how many mutants were built and how many of them were missed; then the missed ones.
mutants_table() {
    cat "$1"/*/mutants.out/{caught,timeout}.txt 2>/dev/null | sort -u >"$1/caught.txt"
    cat "$1"/*/mutants.out/missed.txt | sort -u | grep -vxF -f "$1/caught.txt" >"$1/missed.txt"
    awk -F: -v missed="$1/missed.txt" '
        { all[$1]++; sum++ }
        FILENAME == missed { left[$1]++; lines = lines $0 "\n" }
        FILENAME != missed { caught++ }
        END {
            for (file in all) printf "| `%s` | %d | %d |\n", file, all[file], left[file] | "sort"
            close("sort")
            printf "%d of %d were caught\n%s", caught, sum, lines
        }' "$1/caught.txt" "$1/missed.txt"
}

# System calls and the client's own instructions for each operation of the blocking client. Fails if a READ over a
# persistent connection costs more than its limits.
step_costs() (
    need strace:strace valgrind:valgrind && cargo build --release --package owproto-std --examples || exit 1
    folder=$target/costs port=$((20000 + RANDOM % 10000))
    mkdir -p "$folder" || exit 1
    "$target/release/examples/canned_server" "127.0.0.1:$port" &
    trap 'kill %1' EXIT
    driver=("$target/release/examples/bench_driver" 127.0.0.1 "$port")
    until "${driver[@]}" read 1 2>/dev/null; do sleep 0.1 && kill -0 %1 || exit 1; done
    printf '| operation | system calls | instructions |\n|---|---:|---:|\n' >"$result"
    for mode in nop read readpipe readnp; do
        # The minimum of several runs: a call that has to wait takes more instructions.
        instructions=$(for _ in 1 2 3 4 5; do
            instructions_per_operation "$folder" "${driver[@]}" "$mode"
        done | sort -n | head -n 1)
        for count in 2000 12000; do
            strace -f -c -U calls,name -o "$folder/strace.$count" "${driver[@]}" "$mode" $count >/dev/null || exit 1
        done
        calls=$(($(total_calls "$folder/strace.12000") - $(total_calls "$folder/strace.2000")))
        echo "| $mode | $((calls / 10000)).$(printf %04d $((calls % 10000))) | $instructions |" >>"$result"
        [ "$mode" != read ] || { [ "$instructions" -le 420 ] && [ $calls -le 20100 ]; } || failed=$mode
    done
    [ -z "${failed:-}" ] || { cat "$result" && exit 1; }
)

# instructions_per_operation FOLDER DRIVER...: the difference between runs with 12,000 and 2,000 operations, divided. Both
# have the same warm-up.
instructions_per_operation() {
    local folder=$1 count
    for count in 2000 12000; do
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "${@:2}" $count >/dev/null 2>"$folder/callgrind.$count" ||
            return 1
    done
    echo $((($(collected "$folder/callgrind.12000") - $(collected "$folder/callgrind.2000")) / 10000))
}

collected() { sed -n 's/.*Collected : //p' "$1"; }

total_calls() { awk '$2 == "total" { print $1 }' "$1"; }
