#!/usr/bin/env bash
# Removes the files of an install manifest and the folders of ours that are empty then.
# Usage: tools/uninstall.sh MANIFEST [DESTDIR]
set -u
manifest="$1"
destdir="${2:-}"
[ -f "$manifest" ] || { echo "uninstall: $manifest not found: nothing was installed from here" >&2; exit 1; }
count=0
while IFS= read -r file || [ -n "$file" ]; do
    path="$destdir${file#"$destdir"}"
    rm -f "$path" && count=$((count + 1))
    folder=${path%/*}
    while case "$folder" in */s1mple | */s1mple/* | */s1mpletrader | */s1mpletrader/*) true ;; *) false ;; esac; do
        rmdir "$folder" 2>/dev/null || break
        folder=${folder%/*}
    done
done <"$manifest"
echo "uninstall: $count files removed"
