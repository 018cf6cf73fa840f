#!/usr/bin/env bash
# sandbox_cost.sh [RUNS] - decoding alone in the sandbox against decoding without it, at 720p and 1080p, interleaved
#
# The clips are FFmpeg's test picture with noise, and the speaker scaled up where the fixtures are there.
set -eu
cd "$(dirname "$0")/../.."
bench=${BENCH_DECODE:-build/release/bench/bench_decode}
runs=${1:-5}
seconds=${COST_SECONDS:-10}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for size in 1280x720 1920x1080; do
    ffmpeg -v error -nostdin -f lavfi -i "testsrc2=s=$size:r=30:d=$seconds,noise=alls=8:allf=t" -c:v libx264 \
        -preset veryfast -crf 23 -pix_fmt yuv420p "$work/test_$size.mp4"
    [ ! -e fixtures/media/speaker.mp4 ] ||
        ffmpeg -v error -nostdin -t "$seconds" -i fixtures/media/speaker.mp4 -an -vf "scale=${size/x/:}:flags=bicubic" \
            -c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p "$work/speaker_$size.mp4"
done
cd "$work"
"$OLDPWD/$bench" "$runs" ./*.mp4
