#!/usr/bin/env bash
# concurrent.sh - several registers at once on one ledger: each is served, one after the other, and readers meanwhile
. "$(dirname "$0")/faultlib.sh"

clips 12 1
new_ledger led
pids=()
for i in 000 001 002 003 004 005 006 007; do
    "$BONAFIDE" register clip$i.mp4 --key news.key --ledger led --json >$i.json 2>$i.err &
    pids+=($!)
done
reads=0
for i in 1 2 3 4 5; do
    "$BONAFIDE" ledger log --ledger led >/dev/null 2>err || reads=$((reads + 1))
done
bad=0
for pid in "${pids[@]}"; do
    wait "$pid" || bad=$((bad + 1))
done
cat 00?.err >err
if [ $bad = 0 ] && [ "$(size led)" = 8 ]; then ok concurrent/eight_writers; else not_ok concurrent/eight_writers "$bad failed, $(size led) on the ledger"; fi
if [ $reads = 0 ]; then ok concurrent/readers; else not_ok concurrent/readers "$reads of 5 reads failed"; fi
lost=0
for f in 00?.json; do
    holds led "$f" || lost=$((lost + 1))
done
if [ $lost = 0 ]; then ok concurrent/acknowledged; else not_ok concurrent/acknowledged "$lost are gone"; fi
# every proof that was written holds on its own
bad=0
"$BONAFIDE" key export news.key >news.pub
for i in 000 001 002 003 004 005 006 007; do
    "$root/$BUILD/bonafide-check" --proof clip$i.mp4.proof --trust news.pub >/dev/null 2>err || bad=$((bad + 1))
done
if [ $bad = 0 ]; then ok concurrent/proofs; else not_ok concurrent/proofs "$bad proofs do not hold"; fi

# The same video twice at the same moment: one is registered, the other is told so.
cp clip008.mp4 twin.mp4
pids=()
"$BONAFIDE" register clip008.mp4 --key news.key --ledger led >one.out 2>one.err &
pids+=($!)
"$BONAFIDE" register twin.mp4 --key news.key --ledger led >two.out 2>two.err &
pids+=($!)
codes=
for pid in "${pids[@]}"; do
    rc=0
    wait "$pid" || rc=$?
    codes="$codes $rc"
done
cat one.err two.err >err
case $codes in
' 0 2' | ' 2 0')
    if grep -q 'record 8' err && [ "$(size led)" = 9 ]; then ok concurrent/twins; else not_ok concurrent/twins "the second is not told which record it is"; fi
    ;;
*) not_ok concurrent/twins "status$codes" ;;
esac
if clean led; then ok concurrent/audit; else not_ok concurrent/audit "$(cat audit.out audit.err)"; fi
