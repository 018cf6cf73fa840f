#!/usr/bin/env bash
# valgrind.sh - unit tests and the main commands under valgrind; the last line is "N passed, N failed"
set -u
cd "$(dirname "$0")/.." || exit 2
BUILD=${BUILD:-build/debug}
bonafide=$PWD/$BUILD/bonafide
media=$PWD/fixtures/media
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# grind NAME WANTED-STATUS COMMAND...
grind() {
    local name=$1 want=$2 rc
    shift 2
    valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --fair-sched=yes \
        --suppressions=tests/valgrind.supp "$@" >"$work/out" 2>"$work/err"
    rc=$?
    if [ $rc = "$want" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok - valgrind/$name: status $rc"
        grep -E '^==|^bonafide|not ok|error' "$work/err" "$work/out" | head -n 30 | sed 's/^[^:]*:/    /'
    fi
}

for bin in "$BUILD"/unit/*; do
    [ ! -x "$bin" ] || grind "unit/${bin##*/}" 0 "$bin"
done
for bin in "$BUILD"/fuzz/*; do
    [ ! -x "$bin" ] || grind "fuzz/${bin##*/}" 0 "$bin" tests/fuzz/corpus/"${bin##*/}"/*
done
key=$work/news.key
ledger=$work/ledger
cp "$media/tiny.mp4" "$work/a.mp4"
grind key_new 0 "$bonafide" key new -o "$key" --name 'Example Newsroom' --no-passphrase
grind key_show 0 "$bonafide" key show "$key"
grind ledger_init 0 "$bonafide" ledger init --ledger "$ledger"
grind register 0 "$bonafide" register "$work/a.mp4" --key "$key" --ledger "$ledger"
grind register_again 2 "$bonafide" register "$work/a.mp4" --key "$key" --ledger "$ledger"
grind register_bad 2 "$bonafide" register "$media/bad/text.mp4" --key "$key" --ledger "$ledger"
grind verify_identical 0 "$bonafide" verify "$work/a.mp4" --ledger "$ledger"
grind verify_untrusted 3 "$bonafide" verify "$media/odd/odd_size.webm" --proof "$work/a.mp4.proof" --json
grind verify_bad 2 "$bonafide" verify "$media/bad/truncated_moov_last.mp4" --ledger "$ledger"
grind ledger_log 0 "$bonafide" ledger log --ledger "$ledger" --json
grind ledger_audit 0 "$bonafide" ledger audit --ledger "$ledger"
grind completion 0 "$bonafide" completion bash
echo "$passed passed, $failed failed"
[ $failed = 0 ]
