#!/usr/bin/env bash
# false_matches.sh FOLDER|FILE... - how often other videos are taken for copies of registered ones
#
# Every second file is registered; the others, which no record is of, are asked about as they are re-encoded, and again mirrored,
# cropped by 10 % and 25 % faster; then the two halves change places. Name folders with many takes of one speaker on one set, and
# no two files of one recording.
set -eu
cd "$(dirname "$0")/../.."
bonafide=${BONAFIDE:-$PWD/build/release/bonafide}
[ $# -gt 0 ] || { echo "usage: false_matches.sh FOLDER|FILE..." >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work bonafide work

mapfile -t files < <(find "$@" -type f \( -name '*.mp4' -o -name '*.mpg' -o -name '*.mov' -o -name '*.webm' -o -name '*.avi' -o -name '*.mkv' \) | sort)
"$bonafide" key new --no-passphrase -o "$work/key" --name 'Example Newsroom' >/dev/null

# asked HALF FILE: one line a copy, "verdict transform file record"
asked() {
    local name suspect filter
    export BONAFIDE_LEDGER=$work/ledger-$1
    for name in plain mirrored cropped faster; do
        case $name in
        plain) filter=null ;;
        mirrored) filter=hflip ;;
        cropped) filter='crop=iw*0.9:ih*0.9' ;;
        faster) filter=setpts=PTS/1.25 ;;
        esac
        suspect=$work/$name-$(basename "$2").mp4
        ffmpeg -v error -nostdin -y -threads 1 -i "$2" -an -vf "$filter,scale=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p" \
            -c:v libx264 -preset veryfast -crf 26 -threads 1 "$suspect"
        "$bonafide" verify --json --no-progress "$suspect" 2>/dev/null |
            sed -nE 's/.*"verdict":"([a-z-]*)".*/\1/p' | sed "s|\$| $name $(basename "$2")|" || true
        rm -f "$suspect"
    done
}
export -f asked

for half in 0 1; do
    export BONAFIDE_LEDGER=$work/ledger-$half
    "$bonafide" ledger init >/dev/null
    registered=() suspects=()
    for i in "${!files[@]}"; do
        if [ $((i % 2)) = $half ]; then registered+=("${files[i]}"); else suspects+=("${files[i]}"); fi
    done
    mkdir -p "$work/reg"
    for f in "${registered[@]}"; do ln -sf "$(realpath "$f")" "$work/reg/"; done
    "$bonafide" register "$work"/reg/* --key "$work/key" --no-progress >/dev/null
    rm -rf "$work/reg"
    # shellcheck disable=SC2016
    printf '%s\n' "${suspects[@]}" | xargs -P "$(nproc)" -d '\n' -n 1 bash -c 'asked "$0" "$1"' $half
done >"$work/answers"

echo "${#files[@]} files, half of them registered at a time, $(wc -l <"$work/answers") suspects that no record is of"
awk '{ n[$1 " " $2]++ } END { for (k in n) print "  " k " " n[k] }' "$work/answers" | sort
grep -vE '^(unregistered|inconclusive) ' "$work/answers" | sed 's/^/  FALSE: /' || true
echo "false matches: $(grep -cvE '^(unregistered|inconclusive) ' "$work/answers" || true)"
# One that gave no answer is no proof of anything.
[ "$(wc -l <"$work/answers")" = $((4 * ${#files[@]})) ] || { echo "false_matches: not every suspect got an answer" >&2; exit 1; }
