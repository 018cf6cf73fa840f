#!/usr/bin/env bash
# left_out.sh - how a family of fakes is found that no network has seen, with Meso-4 beside it
#
# usage: left_out.sh WORK OUT FAMILY...
#
# WORK is detector.sh's: its list, and chips and blocks of training. For each family the three networks are trained anew,
# from random weights, on everything but that family, into OUT/FAMILY; the likelihood is fitted on people of calibration,
# without it too; and videos of the test's people are scored, real and with that family's fakes. The table has the AUC of
# the likelihood, of the artifact network's peak and of the temporal network alone, and of Meso-4. A training that was
# stopped is gone on with, and what is there already is not made again.
# STEPS (2500), MESO_STEPS (1200), TEMPORAL_STEPS (1200), SECONDS_EACH (5), THREADS (2).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=${BONAFIDE:-$root/build/release/bonafide}
export BONAFIDE_MODELS=${BONAFIDE_MODELS:-$root/build/models}
work=$1 out=$2
shift 2
steps=${STEPS:-2500} meso=${MESO_STEPS:-1200} temporal=${TEMPORAL_STEPS:-1200}
each=${SECONDS_EACH:-5} threads=${THREADS:-2}
use=artifact-peak,temporal

# learn DIR FAMILY NETWORK STEPS CHIPS|BLOCKS: what was measured with other weights counts no more
learn() {
    [ ! -e "$1/$3.$4" ] || return 0
    rm -f "$1"/*.cues
    "$program" detector train "$5" -w "$1" --network "$3" --leave-out "$2" -n "$4" --threads "$threads" >"$1/$3.txt" 2>>"$1/$3.log"
    grep -q '^finished' "$1/$3.txt"
    touch "$1/$3.$4"
}

# measure DIR SPLIT FAMILIES SEED
measure() {
    [ -e "$1/$2.cues" ] || "$program" detector measure "$work/list.tsv" -w "$1" --split "$2" --only "$3" --seconds "$each" \
        --strength 1 --seed "$4" -o "$1/$2.cues" --threads "$threads" 2>>"$1/measure.log"
}

# auc DIR CUES: of the likelihood that is drawn from these cues, and of Meso-4
auc() {
    "$program" detector calibrate "$1/calibration.cues" -w "$1" --use "$2" >"$1/calibration.txt"
    "$program" detector evaluate "$1/test.cues" -w "$1" --baseline --json | python3 -c 'import json, sys
e = json.load(sys.stdin)["evaluation"][0]
print("%.3f (%.3f to %.3f)  %.3f" % (e["auc"], *e["auc_interval"], e["baseline_auc"]))'
}

printf '%-8s  %-24s  %-8s  %-8s  %-8s\n' family likelihood artifact temporal meso4
for family; do
    d=$out/$family
    mkdir -p "$d"
    learn "$d" "$family" temporal "$temporal" "$work/train.blocks"
    learn "$d" "$family" meso4 "$meso" "$work/train.chips"
    learn "$d" "$family" artifact "$steps" "$work/train.chips"
    others=$(printf '%s\n' self paste mesh mouth eyes warp swap | grep -vx "$family" | paste -sd,)
    measure "$d" calibration "real,$others" 7
    measure "$d" test "real,$family" 3
    a=$(auc "$d" artifact-peak) t=$(auc "$d" temporal) all=$(auc "$d" $use)
    printf '%-8s  %-24s  %-8s  %-8s  %-8s\n' "$family" "${all%  *}" "${a%% *}" "${t%% *}" "${all##* }"
done
