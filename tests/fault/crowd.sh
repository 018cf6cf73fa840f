#!/usr/bin/env bash
# crowd.sh [N [SECONDS]] - N (16) processes at once read and write one ledger for SECONDS (4): no answer is wrong
#
# Every fifth registers videos of its own, one after the other; the others verify a video that is on the ledger and one
# that is not, list the ledger, prove a record and audit. Whoever asks gets the right answer: never an error because of
# the others, never a ledger that has become shorter.
. "$(dirname "$0")/faultlib.sh"

n=${1:-${CROWD:-16}}
seconds=${2:-${CROWD_SECONDS:-4}}
clips 4 0.5
ffmpeg -v error -nostdin -t 1 -i "$MEDIA/other2.mp4" -an -c:v libx264 -preset ultrafast stranger.mp4
new_ledger led
for i in 000 001; do
    "$BONAFIDE" register clip$i.mp4 --key news.key --ledger led --json >first$i.json 2>err
done
"$BONAFIDE" key export news.key >news.pub

# right NAME WANTED COMMAND...: it ends with the status WANTED; else its words are kept
right() {
    local name=$1 wanted=$2 rc=0
    shift 2
    "$@" >out.$me 2>err.$me || rc=$?
    if [ $rc = "$wanted" ]; then
        echo "$name" >>did.$me
        return 0
    fi
    echo "$name: status $rc: $(head -c 300 err.$me out.$me | tr '\n' ' ')" >>wrong.$me
    return 1
}

writer() {
    local k=0 file
    while [ $SECONDS -lt "$until" ]; do
        file=own.$me.$k.mp4
        # The same frames in a file of other bytes, by an empty box at the end.
        cp clip002.mp4 "$file"
        printf '\0\0\0\30free%08d%08d' "$me" $k >>"$file"
        if right register 0 "$BONAFIDE" register "$file" --key news.key --ledger led --json; then
            cat out.$me >>"answered.$me"
            "$root/$BUILD/bonafide-check" "$file" --proof "$file.proof" --trust news.pub >/dev/null 2>&1 ||
                echo "the proof of $file does not hold" >>wrong.$me
        fi
        k=$((k + 1))
    done
}

reader() {
    local k=$me size=2 now
    while [ $SECONDS -lt "$until" ]; do
        case $((k % 5)) in
        0)
            right verify 0 "$BONAFIDE" verify clip000.mp4 --ledger led --json &&
                { grep -q '"verdict":"identical"' out.$me || echo "verify: $(cat out.$me)" >>wrong.$me; }
            ;;
        1)
            right stranger 1 "$BONAFIDE" verify stranger.mp4 --ledger led --json &&
                { grep -q '"verdict":"unregistered"' out.$me || echo "stranger: $(cat out.$me)" >>wrong.$me; }
            ;;
        2)
            if right log 0 "$BONAFIDE" ledger log --ledger led --json; then
                now=$(wc -l <out.$me)
                [ "$now" -ge "$size" ] || echo "log: $now records where there were $size" >>wrong.$me
                size=$now
            fi
            ;;
        3)
            right prove 0 "$BONAFIDE" ledger prove 1 --ledger led -o "proof.$me" --force &&
                { "$root/$BUILD/bonafide-check" clip001.mp4 --proof "proof.$me" --trust news.pub >/dev/null 2>&1 ||
                    echo "a proof does not hold" >>wrong.$me; }
            ;;
        4) right audit 0 "$BONAFIDE" ledger audit --ledger led ;;
        esac
        k=$((k + 1))
    done
}

until=$((SECONDS + seconds))
for ((me = 1; me <= n; me++)); do
    if [ $((me % 5)) = 0 ]; then writer & else reader & fi
done
wait

cat wrong.* >err 2>/dev/null || true
answers=$(cat did.* 2>/dev/null | wc -l)
if [ ! -s err ] && [ "$answers" -ge "$n" ]; then
    ok "crowd/answers ($n processes, $answers answers: $(cat did.* | sort | uniq -c | awk '{ printf "%s%s %s", s, $1, $2; s = ", " }'))"
else
    not_ok crowd/answers "$(wc -l <err) wrong of $answers"
fi
cat first*.json answered.* >all.json
if holds led all.json && [ "$(size led)" = "$(wc -l <all.json)" ]; then
    ok crowd/acknowledged
else
    not_ok crowd/acknowledged "$(wc -l <all.json) were answered, $(size led) are on the ledger"
fi
if clean led; then ok crowd/audit; else not_ok crowd/audit "$(cat audit.out audit.err)"; fi
