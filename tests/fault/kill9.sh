#!/usr/bin/env bash
# kill9.sh [N] - kill register at N (200) random moments; what it has answered is on the ledger, and the audit is clean
. "$(dirname "$0")/faultlib.sh"

n=${1:-${KILLS:-200}}
RANDOM=${SEED:-$$}
clips 210 0.25
new_ledger led
"$BONAFIDE" key export news.key >news.pub

# How long a whole run takes, so that the moments fall all over it.
t0=$(date +%s%N)
for i in 200 201 202 203 204; do
    "$BONAFIDE" register clip$i.mp4 --key news.key --ledger led --json >$i.json 2>err
done
whole=$((($(date +%s%N) - t0) / 5000))

killed=0
answered=0
unproved=0
for ((i = 0; i < n; i++)); do
    file=$(printf 'clip%03d.mp4' $((i % 200)))
    # Beyond the clips' number: the same frames in a file of other bytes, by an empty box at the end.
    [ "$i" -lt 200 ] || printf '\0\0\0\20free%08d' "$i" >>"$file"
    "$BONAFIDE" register "$file" --key news.key --ledger led --json --force >$i.json 2>$i.err &
    pid=$!
    us=$((RANDOM * 32768 + RANDOM))
    us=$((us % (whole * 5 / 4)))
    sleep "$(printf '%d.%06d' $((us / 1000000)) $((us % 1000000)))"
    kill -9 $pid 2>/dev/null || true
    rc=0
    wait $pid 2>/dev/null || rc=$?
    [ "$rc" != 137 ] || killed=$((killed + 1))
    if grep -q '"hash":"[0-9a-f]\{64\}".*}$' $i.json; then
        answered=$((answered + 1))
        # shellcheck disable=SC2154
        "$root/$BUILD/bonafide-check" --proof "$file.proof" --trust news.pub >/dev/null 2>err || unproved=$((unproved + 1))
    fi
done

if [ $killed -ge $((n / 4)) ] && [ $answered -ge $((n / 20)) ]; then
    ok "kill9/moments ($killed of $n killed, $answered had answered)"
else
    not_ok kill9/moments "$killed of $n were killed and $answered had answered: the moments miss the run"
fi
lost=0
for f in *.json; do
    [ "$f" = log.json ] || holds led "$f" || lost=$((lost + 1))
done
if [ $lost = 0 ]; then ok kill9/acknowledged; else not_ok kill9/acknowledged "$lost records that were answered are gone"; fi
if [ $unproved = 0 ]; then ok kill9/proofs; else not_ok kill9/proofs "$unproved records that were answered have no valid proof"; fi
if clean led; then ok kill9/audit; else not_ok kill9/audit "$(head -n 1 audit.out audit.err | tr '\n' ' ')"; fi
# and the ledger still takes records
cp "$MEDIA/tiny.mp4" last.mp4
if "$BONAFIDE" register last.mp4 --key news.key --ledger led >/dev/null 2>err; then
    ok kill9/goes_on
else
    not_ok kill9/goes_on "register fails afterwards"
fi
