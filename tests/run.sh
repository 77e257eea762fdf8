#!/bin/bash
# Runs every check of the project, as CI does: tests/run.sh [STEP...]
#
# Without arguments all steps of the first list below run in its order. Needs Rust (stable, with rustfmt and clippy), and
# a nightly Rust for the steps that name it. Other missing programs are installed from Debian's packages or into the
# build directory.
#
# The output of a step goes to target/run/STEP.log. A step that could not check something prints a line "NOT CHECKED"
# below its result and again before the end. The last line is "N passed, N failed"; the exit status is 1 if a step failed.
set -u

# Step NAME is the function step_NAME of a file in tests/steps, with "_" for "-". It runs in the project's folder.
steps=(
    formatting
    links
    clippy
    docs
    unit
    only-rust
    core-features
    no-std
    onewire
    dependencies
    msrv
    public-api
    interop
    foreign
    firmware
    fuzz-smoke
)

# Steps that run only when they are named, because they take long, print a table, or change files.
on_demand=(
    loom
    packages
    windows-macos
    public-api-renew
    fuzz-long
    coverage
    mutants
    costs
)

# Seconds after which a step of the first list is stopped.
limit=1800

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$root/tests/run.sh
cd "$root" || exit 1
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/run" && target=$(cd "$target" && pwd) || exit 1
firmware=owproto-embedded/firmware
export CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never
command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

limit_of() { if printf '%s\n' "${on_demand[@]}" | grep -qxF -e "$1"; then echo 0; else echo "$limit"; fi; }

main() {
    local step log result start status=0 passed=0 failed=0 child='' unchecked=''
    for step in "${@:-}"; do
        if [ -n "$step" ] && ! printf '%s\n' "${steps[@]}" "${on_demand[@]}" | grep -qxF -e "$step"; then
            echo "there is no step '$step'; the steps are: ${steps[*]}; only when named: ${on_demand[*]}" >&2
            exit 2
        fi
    done
    [ $# -eq 0 ] || steps=("$@")
    if ! command -v cargo >/dev/null; then
        echo "missing: cargo; see https://rustup.rs for how to install Rust" >&2
        exit 2
    fi

    # timeout gives the step a process group, so that the limit ends all of it; an interrupt must be passed on.
    trap '[ -z "$child" ] || kill "$child"; exit 130' INT TERM
    for step in "${steps[@]}"; do
        log=$target/run/$step.log
        result=$target/run/$step.result
        start=$SECONDS
        rm -f "$result"
        timeout -k 10 "$(limit_of "$step")" bash "$script" --in-this-process "$step" >"$log" 2>&1 </dev/null &
        child=$!
        wait "$child"
        status=$?
        child=
        if [ $status -eq 0 ]; then
            passed=$((passed + 1))
            echo "ok    $step ($((SECONDS - start)) s)"
        else
            failed=$((failed + 1))
            [ $status -ne 124 ] || echo "stopped after $(limit_of "$step") seconds" >>"$log"
            echo "FAILED $step ($((SECONDS - start)) s): see $log"
            tail -n 40 "$log" | sed 's/^/    /'
        fi
        if [ -e "$result" ]; then
            cat "$result"
            unchecked+=$(sed -n "s/^ *NOT CHECKED:/      $step:/p" "$result")$'\n'
        fi
    done
    # Only for several steps: after one, the lines are just above.
    if [ ${#steps[@]} -gt 1 ] && [ -n "${unchecked//[$' \n']/}" ]; then
        echo "NOT CHECKED:"
        sed '/^$/d' <<<"$unchecked"
    fi
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

if [ "${1:-}" = --in-this-process ]; then
    # A step writes to this file what the caller is to see besides the verdict.
    result=$target/run/$2.result
    for file in tests/steps/*.sh; do
        # shellcheck disable=SC1090 # each of them
        . "$file"
    done
    # Rust needs a linker.
    need cc:build-essential || exit 1
    "step_${2//-/_}"
else
    main "$@"
fi
