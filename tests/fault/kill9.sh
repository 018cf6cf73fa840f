#!/usr/bin/env bash
# kill9.sh [N] - kill register at N (200) random moments; what it has answered is on the ledger, and the audit is clean
#
# A ledger takes 100 of them, then the next one is made. It is audited after every tenth kill, or every AUDITS-th.
. "$(dirname "$0")/faultlib.sh"

n=${1:-${KILLS:-200}}
every=${AUDITS:-10}
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
lost=0
audits=0
unclean=
here_answered=5 # of this ledger

# look: the audit is clean, and counts as many records as were answered, or more: one may be durable unanswered
look() {
    local found
    audits=$((audits + 1))
    clean led || unclean=${unclean:-$(head -n 1 audit.out audit.err | tr '\n' ' ')}
    found=$(sed -n 's/^clean: \([0-9]*\) record.*/\1/p' audit.out)
    [ "${found:-0}" -ge $here_answered ] || lost=$((lost + 1))
}

# all_there: each record that this ledger's registers answered is on it
all_there() {
    local hash
    "$BONAFIDE" ledger log --json --ledger led >log.text
    cat ./*.json | grep -o '"hash":"[0-9a-f]\{64\}".*}$' | cut -d '"' -f 4 >answers
    while read -r hash; do
        grep -q "$hash" log.text || lost=$((lost + 1))
    done <answers
    rm -f ./*.json
}

for ((i = 0; i < n; i++)); do
    if [ $i -gt 0 ] && [ $((i % 100)) = 0 ]; then
        all_there
        rm -rf led
        new_ledger led
        here_answered=0
    fi
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
        here_answered=$((here_answered + 1))
        # shellcheck disable=SC2154
        "$root/$BUILD/bonafide-check" --proof "$file.proof" --trust news.pub >/dev/null 2>err || unproved=$((unproved + 1))
    fi
    # How long a run takes changes with what else the machine does: the moments follow it, so that some come too late.
    if [ "$rc" = 137 ]; then whole=$((whole * 41 / 40)); else whole=$((whole * 19 / 20)); fi
    [ $((i % every)) != $((every - 1)) ] || look
done
look
all_there

if [ $killed -ge $((n / 4)) ] && [ $answered -ge $((n / 20)) ]; then
    ok "kill9/moments ($killed of $n killed, $answered had answered)"
else
    not_ok kill9/moments "$killed of $n were killed and $answered had answered: the moments miss the run"
fi
if [ $lost = 0 ]; then ok kill9/acknowledged; else not_ok kill9/acknowledged "$lost records that were answered are gone"; fi
if [ $unproved = 0 ]; then ok kill9/proofs; else not_ok kill9/proofs "$unproved records that were answered have no valid proof"; fi
if [ -z "$unclean" ]; then ok "kill9/audit ($audits times)"; else not_ok kill9/audit "$unclean"; fi
# A file that replaces another passes through a name of six digits, which a kill may leave (lib/base/file.h).
stray=$(find . -name '.*' -type f ! -name '.*.[0-9][0-9][0-9][0-9][0-9][0-9]' | head -n 1)
if [ -n "$stray" ]; then
    not_ok kill9/leftovers "$stray"
else
    ok kill9/leftovers
fi
# and the ledger still takes records
cp "$MEDIA/tiny.mp4" last.mp4
if "$BONAFIDE" register last.mp4 --key news.key --ledger led >/dev/null 2>err; then
    ok kill9/goes_on
else
    not_ok kill9/goes_on "register fails afterwards"
fi
