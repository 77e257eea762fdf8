# Steps for tests/run.sh: the fuzz targets. What they find stays in target/fuzz/artifacts.

# Each target for a short time, from seeds made of the captured exchanges.
step_fuzz_smoke() { fuzz "${FUZZ_SECONDS:-20}"; }

# All targets, or those of FUZZ_TARGETS, for a long time; then prints the table of fuzz/README.md.
step_fuzz_long() {
    local names
    read -ra names <<<"${FUZZ_TARGETS:-$(fuzz_targets | tr '\n' ' ')}"
    fuzz "${FUZZ_SECONDS:-600}" "${names[@]}" && fuzz_table "${names[@]}" >"$result"
}

# fuzz SECONDS [TARGET...]
fuzz() {
    local folder=$target/fuzz name seconds=$1 names
    shift
    names=("$@")
    [ $# -gt 0 ] || mapfile -t names < <(fuzz_targets)
    need_nightly cargo-fuzz && need c++:build-essential && need_cargo_tool cargo-fuzz || return 1
    fuzz_crate run --bin seeds -- "$folder/seeds" || return 1
    mkdir -p "$folder/logs"
    for name in "${names[@]}"; do
        echo "== $name"
        mkdir -p "$folder/corpus/$name" "$folder/artifacts/$name"
        nice cargo +nightly fuzz run --target-dir "$folder/target" "$name" "$folder/corpus/$name" "$folder/seeds/$name" -- \
            -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
            -dict=fuzz/dictionary.txt -artifact_prefix="$folder/artifacts/$name/" 2>&1 | tee "$folder/logs/$name.log"
        [ "${PIPESTATUS[0]}" -eq 0 ] || return 1
    done
}

# A table of the last run of these targets, from the line that libFuzzer prints at the end.
fuzz_table() {
    local name
    echo "| target | executions | per second | edges | features | corpus | seconds |"
    echo "|---|---:|---:|---:|---:|---:|---:|"
    for name; do
        awk -v name="$name" '
            function after(word,    i) { for (i = 1; i < NF; i++) if ($i == word) return $(i + 1) }
            /DONE/ { edges = after("cov:"); features = after("ft:"); corpus = after("corp:") }
            /^Done/ { runs = $2; seconds = $5 }
            END {
                sub("/.*", "", corpus)
                rate = seconds ? runs / seconds : 0
                printf "| `%s` | %d | %d | %d | %d | %d | %d |\n", name, runs, rate, edges, features, corpus, seconds
            }' "$target/fuzz/logs/$name.log"
    done
}

fuzz_targets() { sed -n 's|^path = "fuzz_targets/\(.*\)\.rs"|\1|p' fuzz/Cargo.toml; }
