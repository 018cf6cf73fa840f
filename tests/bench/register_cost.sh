#!/usr/bin/env bash
# register_cost.sh [RUNS] - CPU time of register against `ffmpeg -i F -f null -` on the same 1080p file, interleaved
#
# The 1080p files are the speaker scaled up: clean at a low bitrate, and with the noise of a camera at a high one.
set -eu
cd "$(dirname "$0")/../.."
bonafide=${BONAFIDE:-$PWD/build/release/bonafide}
runs=${1:-5}
seconds=${COST_SECONDS:-10}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work BONAFIDE_LEDGER=$work/ledger

"$bonafide" key new --no-passphrase -o "$work/key" --name 'Example Newsroom' >/dev/null

# cpu COMMAND...: user and system seconds of it
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" >/dev/null 2>"$work/err"; } 2>&1 | awk '{ print $1 + $2 }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

printf '%-12s %10s %12s %12s %8s\n' '1080p file' 'Mbit/s' 'ffmpeg, s' 'register, s' 'ratio'
for kind in clean noisy; do
    filter=scale=1920:1080:flags=bicubic
    [ $kind = clean ] || filter=$filter,noise=alls=12:allf=t
    ffmpeg -v error -nostdin -t "$seconds" -i fixtures/media/speaker.mp4 -vf "$filter" -c:v libx264 -preset veryfast -crf 23 \
        -pix_fmt yuv420p -c:a copy "$work/$kind.mp4"
    : >"$work/decode"
    : >"$work/register"
    for ((i = 0; i < runs; i++)); do
        cpu ffmpeg -v error -nostdin -i "$work/$kind.mp4" -f null - >>"$work/decode"
        rm -rf "$BONAFIDE_LEDGER"
        "$bonafide" ledger init >/dev/null
        cpu "$bonafide" register "$work/$kind.mp4" --key "$work/key" --force --no-progress >>"$work/register"
        [ -s "$work/$kind.mp4.proof" ] || {
            cat "$work/err"
            exit 1
        }
    done
    d=$(median <"$work/decode")
    r=$(median <"$work/register")
    size=$(stat -c %s "$work/$kind.mp4")
    awk -v k=$kind -v d="$d" -v r="$r" -v b="$size" -v s="$seconds" \
        'BEGIN { printf "%-12s %10.1f %12.2f %12.2f %8.2f\n", k, b * 8 / s / 1e6, d, r, r / d }'
done
echo "medians of $runs runs of $seconds s of video; the aim is a ratio of 1.25 or less"
