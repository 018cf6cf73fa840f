# faces, tracks and what is printed of them
. "$CASELIB"

# of NAME: one field of the last answer's last line
of() {
    tail -n 1 "$case_dir/out" | sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p"
}
# lines KIND: how many lines of the last answer are of that kind
lines() {
    grep -c "\"kind\":\"$1\"" "$case_dir/out"
}
# tracks_at FRAME: the tracks of the faces in one frame of the last answer
tracks_at() {
    sed -n "s/.*\"frame\":$1,.*\"track\":\([0-9]*\),.*/\1/p" "$case_dir/out" | sort -n | tr '\n' ' '
}

quietly 0 faces "$MEDIA/tiny.mp4"
echo "a speaker: $(of frames) frames, $(of frames_with_face) with a face, $(lines face) faces, $(of tracks) track"
# every line is a JSON object with all of its points
node -e '
    const lines = require("fs").readFileSync(0, "utf8").trim().split("\n").map(l => JSON.parse(l))
    const faces = lines.filter(l => l.kind == "face"), schemas = new Set(lines.map(l => l.schema))
    const inside = faces.every(f => f.landmarks.every(p => p[0] > 0 && p[0] < 360 && p[1] > 0 && p[1] < 288))
    console.log([...schemas].join(), Object.keys(faces[0]).join(), faces.every(f => f.landmarks.length == 468), inside)
    console.log(faces.every(f => f.eyes.left.lid.length == 16 && f.eyes.right.iris.length == 5))
    // the right eye of the person is on the left of the picture, and both are above the mouth
    console.log(faces.every(f => f.eyes.right.iris[0][0] < f.eyes.left.iris[0][0] && f.eyes.left.iris[0][1] < f.landmarks[13][1]))
    // what is called open is open
    console.log(faces.filter(f => f.openness > 0.7).length > faces.length / 2)
' <"$case_dir/out"
quietly 0 faces --no-landmarks "$MEDIA/tiny.mp4"
echo "without landmarks: $(grep -c landmarks "$case_dir/out") lines with them"

quietly 0 faces --no-landmarks "$MEDIA/faces/hidden.mp4"
echo "out of sight and back: track $(tracks_at 10)then '$(tracks_at 23)' then $(tracks_at 40)"
quietly 0 faces --no-landmarks "$MEDIA/faces/cut.mp4"
echo "a cut: track $(tracks_at 24)then $(tracks_at 25)"
# Who is on the left at first is on the right in the end, and the other way round; the one behind is out of sight in between.
quietly 0 faces --no-landmarks "$MEDIA/faces/crossing.mp4"
left_of_300() {
    sed -n "s/.*\"frame\":$1,.*\"track\":\([0-9]*\),\"box\":\[\([0-9]*\).*/\1 \2/p" "$case_dir/out" |
        awk '{ print "track " $1 ($2 < 300 ? " left" : " right") }' | sort | tr '\n' ' '
}
echo "crossing: $(left_of_300 5)then $(left_of_300 30)then $(left_of_300 70)in $(of tracks) tracks"
quietly 0 faces --no-landmarks "$MEDIA/faces/small.mp4"
echo "small: $(of frames_with_face) of $(of frames)"
quietly 0 faces --no-landmarks "$MEDIA/faces/photos.mp4"
for i in 3 11 19 27 35 43; do
    echo "photograph: $(grep -c "\"frame\":$i," "$case_dir/out") faces"
done
quietly 0 faces --no-landmarks "$MEDIA/faces/crowd.mp4"
[ "$(grep -c '"frame":0,' "$case_dir/out")" -ge 195 ] || complain "of 200 faces $(grep -c '"frame":0,' "$case_dir/out") are found"
# two files: the answers one behind the other, the worst exit status
quietly 1 faces --no-landmarks "$MEDIA/tiny.mp4" "$MEDIA/faces/noise.mp4"
echo "two files: $(lines end) ends"
