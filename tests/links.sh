#!/bin/bash
# Checks the links of Markdown files: tests/links.sh FILE...
#
# A link is an absolute URL, which is not opened, or the path of an existing file, with an anchor of a heading or without.
# [`Name`] needs a definition: rustdoc finds names without one, GitHub and crates.io do not. Prints FILE:LINE for each
# link that leads nowhere; then the exit status is 1.
set -u

# Prints "LINE TARGET" for each link, and "LINE !LABEL" for each [`LABEL`] without a definition.
links() {
    awk '
        /^ *(```|~~~)/ { fenced = !fenced; next }
        fenced { next }
        match($0, /^\[[^]]+\]: */) {
            defined[substr($0, 2, index($0, "]:") - 2)]
            target = substr($0, RLENGTH + 1)
            sub(/[ \t].*/, "", target)
            print NR, target
            next
        }
        {
            rest = $0
            while (match(rest, /\[`[^`]+`\]/)) {
                label = substr(rest, RSTART + 1, RLENGTH - 2)
                rest = substr(rest, RSTART + RLENGTH)
                if (rest !~ /^[[(]/) used[NR " " label] = label
            }
            rest = $0
            gsub(/`[^`]*`/, "", rest)
            while (match(rest, /\]\([^) ]+/)) {
                print NR, substr(rest, RSTART + 2, RLENGTH - 2)
                rest = substr(rest, RSTART + RLENGTH)
            }
        }
        END {
            for (use in used) if (!(used[use] in defined)) { split(use, parts, " "); print parts[1], "!" used[use] }
        }' "$1"
}

# The anchors that GitHub makes of the headings of a file.
anchors() {
    awk '/^ *```/ { fenced = !fenced } !fenced && /^#+ / { sub(/^#+ +/, ""); print tolower($0) }' "$1" |
        sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# Whether a link of a file leads somewhere: leads FILE TARGET
leads() {
    local path=${2%%#*} file
    case $2 in
        http://* | https://* | mailto:*) return 0 ;;
        !*) return 1 ;;
    esac
    file=$1
    [ -z "$path" ] || file=$(dirname "$1")/$path
    [ -e "$file" ] || return 1
    [[ $2 != *.md#* && $2 != \#* ]] || anchors "$file" | grep -qxF -e "${2#*#}"
}

status=0
for file; do
    while read -r line target; do
        leads "$file" "$target" || { echo "$file:$line: ${target#!}" && status=1; }
    done < <(links "$file" | sort -n)
done
exit $status
