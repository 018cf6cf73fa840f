#!/usr/bin/env bash
# left_out.sh - how a family of fakes is found that no network has seen, with Meso-4 beside it
#
# usage: left_out.sh WORK OUT FAMILY...
#
# WORK is detector.sh's: its chips and blocks of training and calibration. For each family the artifact network, Meso-4
# and the temporal network are trained anew, from random weights, on everything but that family, into OUT/FAMILY; then
# each is asked for that family's fakes of people it has not seen. A training that was stopped is gone on with.
# STEPS (2500), MESO_STEPS (1200), TEMPORAL_STEPS (1200), THREADS (2).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=${BONAFIDE:-$root/build/release/bonafide}
work=$1 out=$2
shift 2
steps=${STEPS:-2500} meso=${MESO_STEPS:-1200} temporal=${TEMPORAL_STEPS:-1200} threads=${THREADS:-2}

# of FAMILY NETWORK STEPS CHIPS|BLOCKS VALIDATION: the family's line of what the training says at its end
of() {
    "$program" detector train "$4" -w "$out/$1" --network "$2" --leave-out "$1" -n "$3" --threads "$threads" \
        --validation "$5" >"$out/$1/$2.txt" 2>>"$out/$1/$2.log"
    awk -v f="$1" '$1 == f { print $5; exit }' "$out/$1/$2.txt"
}

printf '%-8s  %-8s  %-8s  %-8s\n' family artifact meso4 temporal
for family; do
    mkdir -p "$out/$family"
    t=-
    [ ! -e "$work/train.blocks" ] ||
        t=$(of "$family" temporal "$temporal" "$work/train.blocks" "$work/calibration.blocks")
    m=$(of "$family" meso4 "$meso" "$work/train.chips" "$work/calibration.chips")
    a=$(of "$family" artifact "$steps" "$work/train.chips" "$work/calibration.chips")
    printf '%-8s  %-8s  %-8s  %-8s\n' "$family" "$a" "$m" "$t"
done
