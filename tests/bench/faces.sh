#!/usr/bin/env bash
# faces.sh FOLDER... - how often a face is found in the videos of the folders, in how many tracks, and at what speed
#
# A table on standard output, one line a video, then one for all. seconds is the wall clock of 'bonafide faces' less that of decoding alone
# (ffmpeg on as many threads). OUT=DIR keeps the answers there.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
BONAFIDE=${BONAFIDE:-$root/build/release/bonafide}
[ $# -gt 0 ] || {
    echo "usage: faces.sh FOLDER..." >&2
    exit 2
}
out=${OUT:-}
if [ -z "$out" ]; then
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
fi
mkdir -p "$out"

now() {
    date +%s.%N
}

printf '%-44s %7s %7s %6s %6s %7s %7s\n' video frames found tracks blinks seconds fps
for dir; do
    for video in "$dir"/*; do
        case $video in
        *.mp4 | *.avi | *.webm | *.mkv | *.mpg | *.mov) ;;
        *) continue ;;
        esac
        name=$(basename "$video")
        a=$(now)
        ffmpeg -nostdin -v error -i "$video" -map 0:v:0 -f null - 2>/dev/null || continue
        b=$(now)
        "$BONAFIDE" faces --no-landmarks "$video" >"$out/$name.jsonl" 2>"$out/$name.err" || :
        c=$(now)
        end=$(grep '"kind":"end"' "$out/$name.jsonl" || :)
        if [ -z "$end" ]; then
            printf '%-44s %s\n' "$name" "$(tail -n 1 "$out/$name.err")"
            continue
        fi
        field() {
            printf '%s' "$end" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
        }
        echo "$name $(field frames) $(field frames_with_face) $(field tracks) $(field blinks) $a $b $c"
    done
done | awk 'NF < 8 { print; next }
    { s = ($8 - $7) - ($7 - $6); s = s > 0.01 ? s : 0.01
      printf "%-44s %7d %6.1f%% %6d %6d %7.2f %7.1f\n", $1, $2, 100 * $3 / $2, $4, $5, s, $2 / s
      n += $2; f += $3; t += $4; b += $5; all += s }
    END { if (n) printf "%-44s %7d %6.1f%% %6d %6d %7.2f %7.1f\n", "all", n, 100 * f / n, t, b, all, n / all }'
