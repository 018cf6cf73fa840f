#!/usr/bin/env bash
# fuzz.sh - libFuzzer on each target of build/fuzz for $SECONDS_EACH seconds, from the corpus in tests/fuzz/corpus
#
# What is found along the way stays in build/fuzz/corpus; an input that ends a target stays in build/fuzz/crashes.
set -eu
cd "$(dirname "$0")/.."
n=0
for bin in build/fuzz/fuzz/*; do
    [ -x "$bin" ] || continue
    name=${bin##*/}
    mkdir -p "build/fuzz/corpus/$name" build/fuzz/crashes
    dirs=("build/fuzz/corpus/$name")
    [ ! -d "tests/fuzz/corpus/$name" ] || dirs+=("tests/fuzz/corpus/$name")
    echo "fuzz: $name for ${SECONDS_EACH:-60} s"
    "$bin" -max_total_time="${SECONDS_EACH:-60}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/crashes/$name-" "${dirs[@]}" >"build/fuzz/$name.log" 2>&1 || {
        tail -n 40 "build/fuzz/$name.log"
        echo "fuzz: $name ended badly; its input is in build/fuzz/crashes"
        exit 1
    }
    grep -E 'number_of_executed_units|new_units_added' "build/fuzz/$name.log" | sed 's/^/    /'
    n=$((n + 1))
done
[ $n -gt 0 ] || {
    echo "fuzz: there is no target"
    exit 1
}
echo "fuzz: $n targets, nothing found"
