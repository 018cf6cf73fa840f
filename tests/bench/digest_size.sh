#!/usr/bin/env bash
# digest_size.sh - bytes of a digest an hour, for talking-head video at 30 frames a second
set -eu
cd "$(dirname "$0")/../.."
bonafide=${BONAFIDE:-$PWD/build/release/bonafide}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work BONAFIDE_LEDGER=$work/ledger
"$bonafide" key new --no-passphrase -o "$work/key" --name 'Example Newsroom' >/dev/null
"$bonafide" ledger init >/dev/null
printf '%-28s %8s %12s %12s\n' clip seconds 'digest, KB' 'MB an hour'
measure() { # NAME SECONDS FFMPEG-ARGUMENTS...
    local name=$1 seconds=$2 bytes
    shift 2
    ffmpeg -v error -nostdin "$@" -an -c:v libx264 -preset veryfast "$work/$name.mp4"
    "$bonafide" register "$work/$name.mp4" --key "$work/key" --no-progress >/dev/null
    bytes=$(stat -c %s "$work/$name.mp4.digest")
    awk -v n="$name" -v s="$seconds" -v b="$bytes" 'BEGIN { printf "%-28s %8.1f %12.1f %12.1f\n", n, s, b / 1e3, b / s * 3600 / 1e6 }'
}
measure speaker_30fps 60 -i fixtures/media/speaker.mp4 -vf fps=30 -crf 18
measure speaker_30fps_noisy 20 -t 20 -i fixtures/media/speaker.mp4 -vf fps=30,noise=alls=12:allf=t -crf 18
measure other_30fps 30 -t 30 -i fixtures/media/other1.mp4 -vf fps=30 -crf 18
echo "the aim is under 30 MB an hour"
