#!/usr/bin/env bash
# crowd_models.sh - a swap model that puts one person's face over everybody's of a split, and the list that names it
#
# usage: crowd_models.sh LIST WORK SPLIT PERSON ITERATIONS TERMS.txt >list.tsv
#
# LIST is detector_list.py's. The faces of the split's videos go to WORK/faces/SPLIT, all but PERSON's as a crowd to
# WORK/SPLIT.crowd, PERSON's to WORK/SPLIT.one, and the model to WORK/SPLIT.model. What comes out is LIST with the model
# in the fourth column of the split's lines: to PERSON (b) of each SHARE-th video and of half as many photographs, and
# to the crowd (a) of PERSON, whose face comes back drawn anew. TERMS.txt says on what terms the faces are used. What is
# there already is not made again.
# PRESET (quick), SEED (1), EVERY (4) frames one that is looked at, MOST (40) faces of each clip, SHARE (1), THREADS (2).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=${BONAFIDE:-$root/build/release/bonafide}
export BONAFIDE_MODELS=${BONAFIDE_MODELS:-$root/build/models}
list=$1 work=$2 split=$3 person=$4 iterations=$5 terms=$6
faces=$work/faces/$split
mkdir -p "$faces"

videos() {
    awk -F'\t' -v want="$split" '$3 == want && $2 !~ /^still:/' "$list"
}

while IFS=$'\t' read -r file who _; do
    name=$(printf %s "$file" | sha256sum | cut -c 1-16)
    [ "$who" = "$person" ] && to=one || to=crowd
    [ -e "$faces/$to.$name" ] || "$program" swap extract "$file" -o "$faces/$to.$name" --subject "$terms" \
        --every "${EVERY:-4}" </dev/null >&2 || echo "left out: $file" >&2
done < <(videos)
[ -e "$work/$split.crowd" ] || "$root/tests/bench/merge_faces.py" "$work/$split.crowd" "${MOST:-40}" --crowd "$faces"/crowd.*[0-9a-f]/
[ -e "$work/$split.one" ] || "$root/tests/bench/merge_faces.py" "$work/$split.one" 130 "$faces"/one.*[0-9a-f]/
"$program" swap train -m "$work/$split.model" --preset "${PRESET:-quick}" --seed "${SEED:-1}" -n "$iterations" \
    --threads "${THREADS:-2}" "$work/$split.crowd" "$work/$split.one" >&2
awk -F'\t' -v OFS='\t' -v want="$split" -v m="$(cd "$work" && pwd)/$split.model" -v person="$person" -v share="${SHARE:-1}" '
    $3 != want { print; next }
    { n++ }
    $2 == person { print $1, $2, $3, m ":a"; next }
    n % ($2 ~ /^still:/ ? 2 * share : share) == 0 { print $1, $2, $3, m ":b"; next }
    { print $1, $2, $3 }' "$list"
