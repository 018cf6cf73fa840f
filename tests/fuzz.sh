#!/usr/bin/env bash
# fuzz.sh [TARGET...] - libFuzzer on each target of build/fuzz for $SECONDS_EACH seconds, from the corpus in tests/fuzz/corpus
#
# JOBS (1) targets run at a time; all of them unless some are named. What is found along the way stays in
# build/fuzz/corpus, so that a later run goes on from there; an input that ends a target stays in build/fuzz/crashes,
# and the other targets run all the same.
set -eu
cd "$(dirname "$0")/.."
export SECONDS_EACH=${SECONDS_EACH:-60}
[ $# -gt 0 ] || for bin in build/fuzz/fuzz/*; do [ ! -x "$bin" ] || set -- "$@" "${bin##*/}"; done
[ $# -gt 0 ] || {
    echo "fuzz: there is no target"
    exit 1
}
mkdir -p build/fuzz/crashes

one() {
    local name=$1 dirs cpu
    mkdir -p "build/fuzz/corpus/$name"
    dirs=("build/fuzz/corpus/$name")
    [ ! -d "tests/fuzz/corpus/$name" ] || dirs+=("tests/fuzz/corpus/$name")
    TIMEFORMAT=%U
    cpu=$({ time "build/fuzz/fuzz/$name" -max_total_time="$SECONDS_EACH" -timeout=25 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/crashes/$name-" "${dirs[@]}" >"build/fuzz/$name.log" 2>&1; } 2>&1) || {
        tail -n 40 "build/fuzz/$name.log"
        echo "fuzz: $name ended badly; its input is in build/fuzz/crashes"
        return 1
    }
    echo "stat::processor_seconds: $cpu" >>"build/fuzz/$name.log"
    sed -n "s/^stat::number_of_executed_units: */fuzz: $name: /p" "build/fuzz/$name.log" |
        sed "s/\$/ inputs in $SECONDS_EACH s, $cpu s of them on a processor/"
}
export -f one

printf '%s\n' "$@" | xargs -P "${JOBS:-1}" -I{} bash -c 'one {}' || {
    echo "fuzz: something was found"
    exit 1
}
echo "fuzz: $# targets, nothing found"
