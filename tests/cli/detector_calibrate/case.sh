# a calibration fitted on a table made by arithmetic; too few people, or the wrong table, and nothing is written
. "$CASELIB"

# table PEOPLE: three reals and three fakes of each, whose artifact and blend cues are apart
table() {
    awk -v people="$1" 'BEGIN {
        n = split("artifact artifact-peak blend-area blend-peak temporal pose-gap pose-drift blink-rate blink-length " \
            "blink-depth blink-sides blink-regions open-longest sharpness noise chroma spectrum flicker " \
            "slip slip-inner slip-edge slip-lower slip-mouth slip-eyes", cue, " ")
        printf "file\tperson\tmethod\tcrf\thalf\tsize\tface-sharpness\tbaseline"
        for (k = 1; k <= n; k++) printf "\t%s", cue[k]
        printf "\n"
        for (i = 0; i < 6 * people; i++) {
            printf "%d.mp4\t%08x\t%s\t23\t0\t%d\t0.5\t-", i, int(i / 6), i % 2 ? "paste" : "real", i == 0 ? 30 : 150
            for (k = 1; k <= n; k++) {
                if (k == 5) printf "\t-"
                else printf "\t%.3f", sin(i * k * 1.7) + (i % 2 && k <= 4 ? 1.5 : 0)
            }
            printf "\n"
        }
    }'
}
table 12 >cues
table 2 >few
mkdir w
refuse detector calibrate -w w few
refuse detector calibrate -w nowhere cues

quietly 0 detector calibrate -w w cues
says '^calibrated on 71 videos$'
says '^  artifact  '
says '^  likely fake from 0\.[5-9]'
grep -q '"schema":"bonafide.calibration/1"' w/calibration.json || complain "no calibration"
cp w/calibration.json first
# the same again, over what is there; two tables are one; a cue that is left out is not told of
quietly 0 detector calibrate -w w cues
cmp w/calibration.json first || complain "another calibration of the same table"
head -n 40 cues >one
{ head -n 1 cues && tail -n +41 cues; } >two
quietly 0 detector calibrate -w w one two
cmp w/calibration.json first || complain "another calibration of the same table in two files"
quietly 0 detector calibrate -w w --use=-artifact,temporal cues
! grep -q '^  artifact  ' "$case_dir/out" || complain "a cue that was left out is used"
# columns that have changed places
sed '1s/artifact\tartifact-peak/artifact-peak\tartifact/' cues >swapped
refuse detector calibrate -w w swapped
sed '4s/real/re\x1b[2Jal/' cues >steering
refuse detector calibrate -w w steering
