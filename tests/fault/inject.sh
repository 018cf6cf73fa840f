#!/usr/bin/env bash
# inject.sh - each file call of register fails in turn: it says so and answers nothing, or it has done its work
. "$(dirname "$0")/faultlib.sh"

# The leak sanitizer cannot run beside strace.
export ASAN_OPTIONS=detect_leaks=0
new_ledger led
cp "$MEDIA/tiny.mp4" a.mp4
if ! strace -f -o /dev/null "$BONAFIDE" version >/dev/null 2>&1; then
    echo "skip - fault/inject: strace may not trace here"
    exit 0
fi
# What a run calls, and how often.
strace -f -c -o calls "$BONAFIDE" register a.mp4 --key news.key --ledger led >/dev/null 2>err
rm -f a.mp4.proof a.mp4.digest
for call in write pwrite64 writev pwritev fdatasync fsync msync rename renameat renameat2 link linkat ftruncate; do
    times=$(awk -v c=$call '$NF == c { print $4 }' calls)
    [ -n "$times" ] || continue
    wrong=
    for when in 1 2 3 $((times / 2)) $((times - 1)) "$times"; do
        if [ "$when" -lt 1 ] || [ "$when" -gt "$times" ]; then
            continue
        fi
        for error in EIO ENOSPC; do
            rm -rf led out.json a.mp4.proof a.mp4.digest
            new_ledger led
            rc=0
            strace -f -o trace -e trace=$call -e inject=$call:error=$error:when="$when" \
                "$BONAFIDE" register a.mp4 --key news.key --ledger led --json >out.json 2>err || rc=$?
            grep -q INJECTED trace || continue
            if ! clean led; then
                wrong="$wrong; $error at call $when: the audit finds $(head -n 1 audit.out)"
            elif [ $rc = 0 ] && { [ "$(size led)" != 1 ] || [ ! -s a.mp4.proof ] || ! holds led out.json; }; then
                wrong="$wrong; $error at call $when: an answer without a record or proof"
            elif [ $rc != 0 ] && [ $rc != 2 ]; then
                wrong="$wrong; $error at call $when: status $rc"
            elif [ $rc = 2 ] && ! grep -q '^bonafide: ' err; then
                wrong="$wrong; $error at call $when: no sentence"
            fi
        done
    done
    if [ -z "$wrong" ]; then ok "inject/$call"; else not_ok "inject/$call" "${wrong#; }"; fi
done
