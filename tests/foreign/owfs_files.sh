#!/bin/bash
# Mounts a server with owfs, the file system in user space, reads and writes files, and unmounts it:
# owfs_files.sh HOST PORT PATH...

folder=$(mktemp -d) || exit 1
server=$1:$2
shift 2

owfs --foreground --pid_file="$folder.pid" -s "$server" "$folder" >/dev/null 2>&1 &
owfs=$!
unmount() {
    cd /
    ! mountpoint -q "$folder" || umount "$folder" || fusermount -u "$folder"
    wait $owfs
    rmdir "$folder"
    rm -f "$folder.pid"
}
trap unmount EXIT
until mountpoint -q "$folder"; do
    sleep 0.1
    if ! kill -0 $owfs 2>/dev/null; then
        echo "owfs cannot mount a file system here"
        exit 77
    fi
done
cd "$folder" || exit 1

show() {
    echo "== $*"
    "$@" 2>&1
    echo "status $?"
}

for path in / "$@"; do
    show ls -F ".$path"
    show cat ".$path"
done
# The files of all devices, but for those that cannot be read.
find . -maxdepth 1 -name '[0-9]*' | sort | while read -r device; do
    find "$device" -type f -perm -u+r | sort | while read -r file; do show cat "$file"; done
done
echo 31 >10.000010EF0000/temphigh
show cat 10.000010EF0000/temphigh
