#!/usr/bin/env bash
# run.sh - run every test of the build in $BUILD (default build/release); the last line is "N passed, N failed"
#
# Every part speaks lines of one form, "ok - NAME", "not ok - NAME: WHY" or "skip - NAME: WHY". A part that ends badly
# without having said why counts as one failure.
set -u
cd "$(dirname "$0")/.." || exit 2

BUILD=${BUILD:-build/release}
BONAFIDE=$PWD/$BUILD/bonafide
CHECK=$PWD/$BUILD/bonafide-check
MEDIA=$PWD/fixtures/media
export BUILD BONAFIDE CHECK MEDIA
# LeakSanitizer cannot run under strace, and FFmpeg's and OpenSSL's one-time tables are theirs.
# A sanitiser's own exit status must not be taken for one of the program's.
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:exitcode=99} ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99}
unset BONAFIDE_LEDGER XDG_DATA_HOME XDG_CONFIG_HOME

passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# part NAME COMMAND...: runs it, counts its lines, shows what is not ok
part() {
    local name=$1 rc ok bad start=$SECONDS
    shift
    "$@" >"$work/lines" 2>"$work/noise"
    rc=$?
    ok=$(grep -c '^ok - ' "$work/lines")
    bad=$(grep -c '^not ok - ' "$work/lines")
    grep -E '^(not ok|skip) - ' "$work/lines"
    if [ "$rc" != 0 ] && [ "$bad" = 0 ]; then
        echo "not ok - $name: ended with status $rc"
        tail -n 15 "$work/noise" | sed 's/^/    /'
        bad=1
    elif [ "$ok" = 0 ] && [ "$bad" = 0 ] && ! grep -q '^skip - ' "$work/lines"; then
        echo "not ok - $name: tested nothing"
        bad=1
    fi
    if [ "$bad" != 0 ]; then
        sed -n '/^# /p' "$work/lines"
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
    printf '%-32s %4d passed, %d failed, %d s\n' "$name" "$ok" "$bad" $((SECONDS - start))
}

# A cmocka program in TAP; each test function is one test.
unit() {
    local name=${1##*/} log=$work/unit.tap rc planned seen
    CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$1" >"$log" 2>&1
    rc=$?
    # What a failing test says follows its line.
    awk -v name="$name" '
        / # SKIP/ { sub(/.* # SKIP */, ""); print "skip - unit/" name "/" $0 ": not here"; why = 0; next }
        /^not ok [0-9]+ - / { sub(/^not ok [0-9]+ - /, ""); print "not ok - unit/" name "/" $0 ": see below"; why = 1; next }
        /^ok [0-9]+ - / { sub(/^ok [0-9]+ - /, ""); print "ok - unit/" name "/" $0; why = 0; next }
        why && /^# / && !/^# (not )?ok/ { print }' "$log"
    planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
    seen=$(grep -cE '^(not )?ok [0-9]+' "$log")
    if [ "$seen" -lt "$planned" ] || { [ "$rc" != 0 ] && ! grep '^not ok' "$log" | grep -vq '# SKIP'; }; then
        echo "not ok - unit/$name: ended with status $rc after $seen of $planned tests"
        tail -n 5 "$log" | sed 's/^/# /'
    fi
    return 0
}

fuzz_replay() {
    local name=${1##*/} log=$work/fuzz.log corpus files
    corpus=tests/fuzz/corpus/$name
    files=("$corpus"/*)
    if [ ! -e "${files[0]}" ]; then
        echo "not ok - fuzz/$name: there is nothing in $corpus"
    elif timeout 300 "$1" "${files[@]}" >"$log" 2>&1; then
        echo "ok - fuzz/$name"
    else
        echo "not ok - fuzz/$name: the corpus of ${#files[@]} files ends it with status $?"
        tail -n 15 "$log" | sed 's/^/# /'
    fi
}

for bin in "$BUILD"/unit/*; do
    [ -x "$bin" ] && part "unit/${bin##*/}" unit "$bin"
done
for bin in "$BUILD"/fuzz/*; do
    [ -x "$bin" ] && part "fuzz/${bin##*/}" fuzz_replay "$bin"
done
part cli tests/cli/run.sh
for script in tests/fault/*.sh; do
    [ "${script##*/}" = faultlib.sh ] || part "fault/$(basename "$script" .sh)" "$script"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
