#!/usr/bin/env bash
# false_matches.sh FOLDER|FILE... - how often other videos are taken for copies of registered ones
#
# Each file is re-encoded as it is, and again mirrored, cropped by 10 % and 25 % faster, and every copy is asked of ledgers that
# lack its source and between them hold every other file: one for each binary digit of the files' numbers and each of its two
# values. Name folders with many takes of one speaker on one set, and no two files of one recording. CRF (26); CUT, arguments of
# ffmpeg before its input ("-ss 0.7 -t 1.5").
set -eu
cd "$(dirname "$0")/../.."
bonafide=${BONAFIDE:-$PWD/build/release/bonafide}
crf=${CRF:-26} cut=${CUT:-}
[ $# -gt 0 ] || { echo "usage: false_matches.sh FOLDER|FILE..." >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work bonafide work crf cut

mapfile -t files < <(find "$@" -type f \( -name '*.mp4' -o -name '*.mpg' -o -name '*.mov' -o -name '*.webm' -o -name '*.avi' -o -name '*.mkv' \) | sort)
"$bonafide" key new --no-passphrase -o "$work/key" --name 'Example Newsroom' >/dev/null
digits=0
while [ $((1 << digits)) -lt ${#files[@]} ]; do digits=$((digits + 1)); done

# asked NUMBER FILE: one line an answer, "verdict transform file"
asked() {
    local name suspect filter digit
    for name in plain mirrored cropped faster; do
        case $name in
        plain) filter=null ;;
        mirrored) filter=hflip ;;
        cropped) filter='crop=iw*0.9:ih*0.9' ;;
        faster) filter=setpts=PTS/1.25 ;;
        esac
        suspect=$work/$name-$1.mp4
        # shellcheck disable=SC2086 # arguments
        ffmpeg -v error -nostdin -y -threads 1 $cut -i "$2" -an -vf "$filter,scale=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p" \
            -c:v libx264 -preset veryfast -crf "$crf" -threads 1 "$suspect"
        for ((digit = 0; digit < digits; digit++)); do
            BONAFIDE_LEDGER=$work/ledger-$digit-$((1 - ($1 >> digit) % 2)) \
                "$bonafide" verify --json --no-progress "$suspect" 2>/dev/null |
                sed -nE 's/.*"verdict":"([a-z-]*)".*/\1/p' | sed "s|\$| $name $(basename "$2")|" || true
        done
        rm -f "$suspect"
    done
}
export -f asked
export digits

for ((digit = 0; digit < digits; digit++)); do
    for value in 0 1; do
        export BONAFIDE_LEDGER=$work/ledger-$digit-$value
        "$bonafide" ledger init >/dev/null
        mkdir -p "$work/reg"
        for i in "${!files[@]}"; do
            [ $(((i >> digit) % 2)) != $value ] || ln -sf "$(realpath "${files[i]}")" "$work/reg/"
        done
        "$bonafide" register "$work"/reg/* --key "$work/key" --no-progress >/dev/null 2>&1
        rm -rf "$work/reg"
    done
done
# shellcheck disable=SC2016
for i in "${!files[@]}"; do printf '%s\0%s\0' "$i" "${files[i]}"; done |
    xargs -0 -P "$(nproc)" -n 2 bash -c 'asked "$0" "$1"' >"$work/answers"

copies=$((4 * ${#files[@]}))
echo "${#files[@]} files, $copies copies, each asked of $digits ledgers that lack its source"
awk '{ n[$1 " " $2]++ } END { for (k in n) print "  " k " " n[k] }' "$work/answers" | sort
grep -vE '^(unregistered|inconclusive) ' "$work/answers" | sed 's/^/  FALSE: /' || true
echo "false matches: $(grep -vE '^(unregistered|inconclusive) ' "$work/answers" | sort -u | wc -l || true) of $copies"
# One that gave no answer is no proof of anything.
[ "$(wc -l <"$work/answers")" = $((copies * digits)) ] || { echo "false_matches: not every suspect got an answer" >&2; exit 1; }
