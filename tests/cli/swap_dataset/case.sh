# a set of labelled videos from a plan: the same from the same plan, gone on with where it was cut off
. "$CASELIB"

setup
cp "$MEDIA/tiny.mp4" tiny.mp4
ffmpeg -nostdin -v error -t 0.6 -i "$MEDIA/other2.mp4" -c:v libx264 -preset ultrafast -an other.mp4
cp "$MEDIA/faces/noise.mp4" noise.mp4
echo "The terms of the fixtures." >terms.txt
# plan VIDEOS METHODS
plan() {
    echo "{\"schema\":\"bonafide.plan/1\",\"seed\":7,\"videos\":[$1],\"methods\":[$2],\"crf\":[23,35],\"half\":0.4,\"split\":{\"train\":1,\"calibration\":0,\"test\":0}}"
}
video() {
    echo "{\"file\":\"$1\",\"person\":\"$2\",\"subject\":\"terms.txt\"}"
}
mkdir plans
cp tiny.mp4 other.mp4 noise.mp4 terms.txt plans
plan "$(video tiny.mp4 franck),$(video other.mp4 cap)" '{"method":"self","count":2,"strength":[0.5,1]},{"method":"paste","seamless":1}' >plans/p.json

expect 0 swap dataset plans/p.json -o set --dry-run
[ ! -e set ] || complain "a dry run made something"
expect 0 swap dataset plans/p.json -o set -k news.key
# how much is changed depends a little on the processor
cut -f1-19,21 set/labels.tsv
cp set/labels.tsv first.tsv

# each line's file and mask are there, of the size it says, and masks have as many frames
frames() {
    ffprobe -v error -count_frames -show_entries stream=width,height,nb_read_frames -of csv=p=0 "$1" | sed 's/,$//'
}
tail -n +2 set/labels.tsv | while IFS=$'\t' read -r file label _ _ _ _ _ _ _ _ _ _ _ _ mask width height frames _; do
    [ "$(frames "set/$file")" = "$width,$height,$frames" ] || complain "$file is not $width,$height,$frames"
    [ "$label" = real ] || [ "$(frames "set/$mask")" = "$width,$height,$frames" ] || complain "$mask is not as large"
    title=$(ffprobe -v error -show_entries format_tags=comment -of csv=p=0 "set/$file")
    case $label$title in
    real) ;;
    fake*ynthetic*) ;;
    *) complain "$file says of itself: $title" ;;
    esac
done
quietly 0 ledger log --json
echo "records: $(grep -o '"kind":"synthetic"' "$case_dir/out" | wc -l) synthetic, $(grep -o '"kind":"authentic"' "$case_dir/out" | wc -l) authentic"

# as after a kill: a file without its line, half a line, a file that is gone
lost=$(sed -n '2s/\t.*//p' set/labels.tsv)
rm "set/$lost"
grep -v "^fake/paste/0001" set/.journal >journal
printf 'fake/self/0' >>journal
cp journal set/.journal
quietly 0 swap dataset plans/p.json -o set -k news.key --json
sed 's/.*"made":\([0-9]*\),"kept":\([0-9]*\).*/made \1, kept \2/' "$case_dir/out"
cmp set/labels.tsv first.tsv && echo "the same labels"

# a plan that grows keeps what it had; no face is no reason to stop
plan "$(video tiny.mp4 franck),$(video other.mp4 cap),$(video noise.mp4 nobody)" '{"method":"self","count":2,"strength":[0.5,1]},{"method":"paste","seamless":1,"count":0}' >plans/q.json
expect 0 swap dataset plans/q.json -o set -k news.key

# refused, and nothing made
refuse swap dataset plans/p.json -k news.key
refuse swap dataset plans/p.json -o set2
refuse swap dataset nowhere.json -o set2 -k news.key
refuse swap dataset terms.txt -o set2 -k news.key
plan "$(video tiny.mp4 franck)" '{"method":"magic"}' >bad.json
refuse swap dataset bad.json -o set2 -k news.key
echo '{"schema":"bonafide.plan/1"}' >bad.json
refuse swap dataset bad.json -o set2 -k news.key
plan '{"file":"tiny.mp4","person":"x","subject":"nowhere.txt"}' '{"method":"self"}' >bad.json
refuse swap dataset bad.json -o set2 -k news.key
refuse swap dataset plans/p.json -o tiny.mp4 -k news.key
