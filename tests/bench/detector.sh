#!/usr/bin/env bash
# detector.sh - make the detector's weights from a folder of real videos and photographs, and measure them
#
# usage: detector.sh MANIFEST.tsv FOLDER WORK [PERSON=SPLIT[,MODEL:a|b]...]
#
# The manifest and the arguments behind WORK are detector_list.py's; crowd_models.sh makes trained swaps of everybody, and
# what it prints may lie there as WORK/list.tsv. WORK receives chips (some GB), tables and the weights, in WORK/weights;
# what is there already is not made again, and a training that was stopped goes on. STEPS (15500), SECONDS_EACH (5),
# THREADS (2).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=${BONAFIDE:-$root/build/release/bonafide}
export BONAFIDE_MODELS=${BONAFIDE_MODELS:-$root/build/models}
manifest=$1 folder=$2 work=$3
shift 3
steps=${STEPS:-15500} each=${SECONDS_EACH:-5} threads=${THREADS:-2}
w=$work/weights
mkdir -p "$w"

step() { echo "== $*" >&2; }

[ -e "$work/list.tsv" ] || python3 "$root/tests/bench/detector_list.py" "$manifest" "$folder" "$@" >"$work/list.tsv"
step chips
[ -e "$work/train.chips" ] || "$program" detector prepare "$work/list.tsv" -o "$work/train.chips" \
    --moments 16 --variants 2 --threads "$threads"
[ -e "$work/calibration.chips" ] || "$program" detector prepare "$work/list.tsv" -o "$work/calibration.chips" \
    --split calibration --moments 8 --seed 5 --threads "$threads"

# learn NETWORK STEPS FILE OPTION...: until it has finished, however often it was stopped
learn() {
    ! grep -qs '^finished' "$work/$1.txt" || return 0
    "$program" detector train "$3" -w "$w" --network "$1" -n "$2" --threads "$threads" "${@:4}" | tee "$work/$1.txt"
    grep -q '^finished' "$work/$1.txt"
}

step networks
learn artifact "$steps" "$work/train.chips" --validation "$work/calibration.chips"
learn meso4 2000 "$work/train.chips" --validation "$work/calibration.chips"
# The temporal network learns from the people of the training split; what the measuring gives besides is not used.
[ -e "$work/train.blocks" ] || "$program" detector measure "$work/list.tsv" -w "$w" --split train --seconds 4 \
    --strength 0.7 --seed 11 -o "$work/train.cues" --blocks "$work/train.blocks" --threads "$threads"
learn temporal 1200 "$work/train.blocks"

step calibration
[ -e "$work/calibration.cues" ] || "$program" detector measure "$work/list.tsv" -w "$w" --seconds "$each" --strength 1 \
    --seed 7 -o "$work/calibration.cues" --blocks "$work/calibration.blocks" --threads "$threads"
# The fewest that do as well as any on people of calibration who were left out of the fit; the others are reported,
# and do not count.
use=artifact-peak,temporal
"$program" detector calibrate "$work/calibration.cues" -w "$w" --use "$use" | tee "$work/calibration.txt"

step test
[ -e "$work/test.cues" ] || "$program" detector measure "$work/list.tsv" -w "$w" --split test --seconds "$each" --strength 1 --seed 3 \
    -o "$work/test.cues" --threads "$threads"
"$program" detector evaluate "$work/test.cues" -w "$w" --baseline --plots "$work" | tee "$work/test.txt"
"$program" detector evaluate "$work/test.cues" -w "$w" --json >"$work/test.json"
python3 "$root/tests/bench/detector_card.py" "$work/list.tsv" "$work/test.json" \
    "artifact network $steps steps, temporal network 1200, from random weights, seed 1" >"$w/card.json"
