#!/usr/bin/env bash
# mark.sh N FOLDER... - the generator's mark: N clips of the folders are marked, coded again and read; and every clip is read as it is
#
# Of each clip five seconds, marked, written at CRF 18, and from that H.264 at CRF 23, 28 and 35, at half the size, and at half the size with
# CRF 35. Clips whose shorter side has fewer than 320 pixels are counted apart: half of that at CRF 35 leaves hardly a picture.
set -eu
cd "$(dirname "$0")/../.."
bench=${BENCH_MARK:-$PWD/build/release/bench/bench_mark}
wanted=${1:?usage: mark.sh N FOLDER...}
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

find "$@" -type f -regextype posix-extended -iregex '.*\.(mp4|mov|webm|avi|mkv|mpg)' | sort >"$work/clips"
n=$(wc -l <"$work/clips")
awk -v n="$n" -v k="$wanted" 'int((NR - 1) * k / n) != int((NR - 2) * k / n) || NR == 1' "$work/clips" >"$work/chosen"

code() { # TO OPTIONS...
    local to=$1
    shift
    ffmpeg -v error -nostdin -y -i "$work/marked.mp4" "$@" -c:v libx264 -preset veryfast "$work/$to.mp4"
}
half='scale=trunc(iw/4)*2:trunc(ih/4)*2'
: >"$work/results"
: >"$work/psnr"
while IFS= read -r clip; do
    ffmpeg -v error -nostdin -y -t 5 -i "$clip" -an -c:v ffv1 "$work/clip.mkv" 2>/dev/null </dev/null || continue
    side=$(ffprobe -v error -select_streams v:0 -show_entries stream=width,height -of csv=p=0 "$work/clip.mkv" | tr ',' '\n' | sort -n | head -n 1)
    kind=large
    [ "$side" -ge 320 ] || kind=small
    "$bench" mark "$work/clip.mkv" "$work/marked.mp4" 18 | cut -f 2-4 >>"$work/psnr" || continue
    code crf23 -crf 23
    code crf28 -crf 28
    code crf35 -crf 35
    code half -crf 23 -vf "$half"
    code half35 -crf 35 -vf "$half"
    for how in marked crf23 crf28 crf35 half half35; do
        "$bench" read "$work/$how.mp4" | awk -F '\t' -v kind="$kind" -v how="$how" -v clip="${clip##*/}" '{ print kind "\t" how "\t" $2 "\t" $3 "\t" clip }'
    done >>"$work/results"
done <"$work/chosen"

echo "marked clips, found of all, and the least z"
awk -F '\t' '{ k = $1 "\t" $2; all[k]++; found[k] += $3 == "found"; if (!(k in least) || $4 < least[k]) { least[k] = $4; worst[k] = $5 } }
    END { for (k in all) printf "%s\t%d of %d\t%.1f\t%s\n", k, found[k], all[k], least[k], worst[k] }' "$work/results" | sort | column -t -s "$(printf '\t')"
echo 'PSNR of the luma of marked frames: mean of the clips, and the least frame'
sed 's/[a-z]* //g; s/ dB//g; s/ ms.*//' "$work/psnr" | awk -F '\t' '{ sum += $1; if (NR == 1 || $2 < least) least = $2; ms += $3 }
    END { printf "%.2f dB, %.2f dB\n", sum / NR, least }'
grep -v $'\tfound\t' "$work/results" | sed 's/^/missed: /' || true

echo 'clips as they are'
while IFS= read -r clip; do
    "$bench" read "$clip" 2>/dev/null || true
done <"$work/clips" | awk -F '\t' '$2 == "error" { bad++; next } { all++; found += $2 == "found"; if ($3 > most) { most = $3; which = $1 } }
    { split($5, cost, " "); sum += cost[1] } $2 == "found" { print "false alarm: " $1 " z " $3 }
    END { printf "%d read, %d false alarms, the largest z %.2f (%s); reading cost %.1f %% of decoding on average; %d could not be read\n", all, found, most, which, sum / all, bad }'
