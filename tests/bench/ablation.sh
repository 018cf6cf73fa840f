#!/usr/bin/env bash
# ablation.sh - each cue alone, all, and all but one: AUC on the test's people, calibrated on others
#
# usage: ablation.sh WORK      where detector.sh has been
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
program=${BONAFIDE:-$root/build/release/bonafide}
work=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# auc CUES: the first group of the evaluation is all of it
auc() {
    if "$program" detector calibrate "$work/calibration.cues" -w "$scratch" --use "$1" >/dev/null 2>"$scratch/why"; then
        "$program" detector evaluate "$work/test.cues" -w "$scratch" --json |
            python3 -c 'import json, sys; e = json.load(sys.stdin)["evaluation"][0]; print("%.3f  (%.3f to %.3f)" % (e["auc"], *e["auc_interval"]))'
    else
        sed 's/^bonafide: //' "$scratch/why"
    fi
}

printf '%-16s %-26s %s\n' cue alone 'all but it'
for cue in $(head -n 1 "$work/test.cues" | cut -f 9-); do
    printf '%-16s %-26s %s\n' "$cue" "$(auc "$cue")" "$(auc "-$cue")"
done
printf '%-16s %s\n' all "$(auc -)"
