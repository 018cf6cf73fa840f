#!/usr/bin/env bash
# transforms.sh - register one minute of a speaker, verify every copy and every other clip, print a table
#
# The last line is "N of N as expected". Times are of the whole verify command.
set -u
cd "$(dirname "$0")/../.." || exit 2
bonafide=${BONAFIDE:-$PWD/build/release/bonafide}
media=fixtures/media
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work BONAFIDE_LEDGER=$work/ledger

"$bonafide" key new --no-passphrase -o "$work/key" --name 'Example Newsroom' >/dev/null || exit 2
"$bonafide" ledger init >/dev/null || exit 2
cp $media/speaker.mp4 "$work/speaker.mp4"
"$bonafide" register "$work/speaker.mp4" --key "$work/key" >/dev/null || exit 2

n=0
good=0
# spans FILE: "0-20 same, 20-30 altered" in seconds, from the JSON
spans() {
    tr '{' '\n' <"$1" | sed -n 's/.*"suspect_start_us":\([0-9]*\),"suspect_end_us":\([0-9]*\).*"state":"\([a-z-]*\)".*/\1 \2 \3/p' |
        awk '{ printf "%s%.1f-%.1f %s", (NR > 1 ? ", " : ""), $1 / 1e6, $2 / 1e6, $3 }'
}
# row FILE EXPECTED [SUSPECT-START SUSPECT-END]: the span called altered, in seconds, to within one second
row() {
    local file=$media/$1 expected=$2 verdict t0 t1 note=''
    t0=$(date +%s%N)
    "$bonafide" verify --json --no-progress "$file" >"$work/out" 2>"$work/err"
    t1=$(date +%s%N)
    verdict=$(sed -n 's/.*"verdict":"\([a-z-]*\)".*/\1/p' "$work/out")
    n=$((n + 1))
    if [ "$verdict" != "$expected" ]; then
        note="  <- wrong"
    elif [ $# = 4 ] && ! tr '{' '\n' <"$work/out" | grep '"state":"altered"' |
        sed -n 's/.*"suspect_start_us":\([0-9]*\),"suspect_end_us":\([0-9]*\).*/\1 \2/p' |
        awk -v a="$3" -v b="$4" 'NR == 1 { s = $1 / 1e6 } { e = $2 / 1e6 } END { exit !(NR > 0 && s > a - 1 && s < a + 1 && e > b - 1 && e < b + 1) }'; then
        note="  <- wrong seconds"
    else
        good=$((good + 1))
    fi
    printf '%-28s %-13s %-13s %6.2f  %s%s\n' "$1" "$expected" "${verdict:-(none)}" \
        "$(awk "BEGIN { print ($t1 - $t0) / 1e9 }")" "$(spans "$work/out")" "$note"
}

printf '%-28s %-13s %-13s %6s  %s\n' copy expected verdict 's' 'seconds of the copy'
row speaker.mp4 identical
row speaker_remux.mkv identical
row speaker_remux.mov identical
row speaker_remux.ts identical
for crf in 18 23 28 33 38; do
    row speaker_crf$crf.mp4 same-content
done
row speaker_vp9.webm same-content
row speaker_hevc.mp4 same-content
row speaker_half.mp4 same-content
row speaker_quarter.mp4 same-content
row speaker_1080p.mp4 same-content
row speaker_fps15.mp4 same-content
row speaker_fps60.mp4 same-content
row speaker_bright.mp4 same-content
row speaker_clip10.mp4 same-content
row speaker_cut.mp4 same-content
for how in swap retake; do
    row altered_${how}_crf23.mp4 altered 20 30
    row altered_${how}_crf28.mp4 altered 20 30
    row altered_${how}_half.mp4 altered 20 30
done
row speaker_take2.mp4 unregistered
row short2.mp4 unregistered
row other1.mp4 unregistered
row other2.mp4 unregistered
echo "$good of $n as expected"
[ "$good" = "$n" ]
