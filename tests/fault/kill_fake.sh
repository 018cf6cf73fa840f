#!/usr/bin/env bash
# kill_fake.sh [N] - kill the making of a synthetic video at N (20) random moments: a file that has its name is whole, marked and registered
. "$(dirname "$0")/faultlib.sh"

n=${1:-${KILLS:-20}}
RANDOM=${SEED:-$$}
make_fake=${MAKE_FAKE:-$root/$BUILD/make_fake}
new_ledger led
export BONAFIDE_LEDGER=led

t0=$(date +%s%N)
"$make_fake" "$MEDIA/tiny.mp4" whole.mp4 news.key
whole=$((($(date +%s%N) - t0) / 1000))

named=0
wrong=0
for ((i = 0; i < n; i++)); do
    # Another strength of coding each time, so that each is another file.
    "$make_fake" "$MEDIA/tiny.mp4" "fake$i.mp4" news.key "$((10 + i / 4)).$((i % 4 + 1))" 2>err &
    pid=$!
    us=$(((RANDOM * 32768 + RANDOM) % (whole * 2)))
    sleep "$(printf '%d.%06d' $((us / 1000000)) $((us % 1000000)))"
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    [ -e "fake$i.mp4" ] || continue
    named=$((named + 1))
    rc=0
    "$BONAFIDE" verify "fake$i.mp4" --json >answer.json 2>err || rc=$?
    [ $rc = 1 ] && grep -q '"verdict":"known-synthetic"' answer.json && grep -q '"relation":"identical"' answer.json || wrong=$((wrong + 1))
    tail -c 1600 "fake$i.mp4" | grep -aq digitalsourcetype || wrong=$((wrong + 1))
done

if [ $named -ge $((n / 20)) ] && [ $named -lt "$n" ]; then
    ok "kill_fake/moments ($named of $n were named)"
else
    not_ok kill_fake/moments "$named of $n were named: the moments miss the run"
fi
if [ $wrong = 0 ]; then ok kill_fake/labelled; else not_ok kill_fake/labelled "$wrong files are there without record or label"; fi
if find . -name '*bonafide-part*' -o -name '.fake*' | grep -q .; then
    not_ok kill_fake/leftovers "$(find . -name '*bonafide-part*' -o -name '.fake*' | head -n 1)"
else
    ok kill_fake/leftovers
fi
if clean led; then ok kill_fake/audit; else not_ok kill_fake/audit "$(head -n 1 audit.out audit.err | tr '\n' ' ')"; fi
