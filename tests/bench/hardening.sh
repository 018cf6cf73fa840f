#!/usr/bin/env bash
# hardening.sh [PART...] - run the tests of hostile files and failing machines at length, and print what came of them
#
# PARTs are fuzz power kills crowd byte sandbox faults; all of them without one. What comes out is the rows of the table
# in doc/hardening.md, each as soon as it is known. How long: SECONDS_EACH (60) for each fuzz target, which 'make fuzz'
# has built; KILLS (1000); CROWD (200) processes for CROWD_SECONDS (60); SWAP_MAX (60) calls of one name in a swap.
set -eu
cd "$(dirname "$0")/../.."
export BUILD=${BUILD:-build/release}
parts=("$@")
[ $# -gt 0 ] || parts=(sandbox power byte crowd kills fuzz faults)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
bad=0

# row WHAT OUTCOME COMMAND
row() { echo "| $1 | $2 | \`$3\` |"; }

# run COMMAND...: its output is in $log; where it fails, or a line says so, the outcome is that
run() {
    if ! "$@" >"$log" 2>&1 || grep -q '^not ok' "$log"; then
        bad=1
        grep -E '^(not ok|# )|ERROR' "$log" >&2 || tail -n 20 "$log" >&2
        return 1
    fi
}

# note: what a unit test says of itself, in its line that begins with "# "
note() { sed -n 's/^# \([0-9]\)/\1/p' "$log" | tail -n 1; }
# said NAME: what is in the brackets of the line "ok - fault/NAME (...)"
said() { sed -n "s|^ok - fault/$1 (\(.*\))\$|\1|p" "$log"; }

fuzz_rows() {
    local name runs found
    if ! SECONDS_EACH=${SECONDS_EACH:-60} tests/fuzz.sh >"$log" 2>&1; then
        bad=1
        tail -n 40 "$log" >&2
    fi
    for name in build/fuzz/fuzz_*.log; do
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$name")
        name=$(basename "$name" .log)
        found=$(find build/fuzz/crashes -name "$name-*" | wc -l)
        row "fuzzing: ${name#fuzz_}" "${runs:-?} inputs, $found bad" "make fuzz SECONDS=${SECONDS_EACH:-60}"
    done
}

echo "| what is done | what came of it | command |"
echo "|---|---|---|"
for part in "${parts[@]}"; do
    case $part in
    sandbox)
        run "$BUILD/unit/test_sandbox" && row "a decoder that was taken over tries to get out" "$(note)" "build/release/unit/test_sandbox"
        run tests/fault/sandbox.sh && row "no seccomp; decoders that crash, or make forbidden calls" "$(grep -c "^ok" "$log") of $(grep -c "^ok" "$log") cases: refused in words, and the next file is looked at" "tests/fault/sandbox.sh"
        ;;
    power)
        run env POWER_CUT=all "$BUILD/unit/test_power_cut" && row "the power is cut during registers" "$(note): all clean, nothing lost" "POWER_CUT=all build/release/unit/test_power_cut"
        ;;
    byte)
        run env ONE_BYTE=all "$BUILD/unit/test_one_byte" && row "one byte of a ledger is changed" "$(note)" "ONE_BYTE=all build/release/unit/test_one_byte"
        ;;
    crowd)
        run tests/fault/crowd.sh "${CROWD:-200}" "${CROWD_SECONDS:-60}" && row "many read and write one ledger" "$(said crowd/answers): none wrong" "tests/fault/crowd.sh ${CROWD:-200} ${CROWD_SECONDS:-60}"
        ;;
    kills)
        run env KILLS="${KILLS:-1000}" AUDITS=1 tests/fault/kill9.sh && row "kill -9 at random moments of register" "$(said kill9/moments); audited $(said kill9/audit), clean, nothing lost" "KILLS=${KILLS:-1000} AUDITS=1 tests/fault/kill9.sh"
        ;;
    faults)
        run env FAULTS=all tests/fault/inject.sh || :
        sed -n 's/^| \([a-z]*: [a-z ]*\) | \([0-9]*\) | \([0-9]*\) |$/\1 \2 \3/p' "$log" | while read -r line; do
            n=${line##* }
            row "file calls fail: ${line% * *}" "$n failed, $n survived" "make bench-faults"
        done
        ;;
    fuzz) fuzz_rows ;;
    *)
        echo "hardening: no part is called '$part'" >&2
        exit 2
        ;;
    esac
done
exit $bad
