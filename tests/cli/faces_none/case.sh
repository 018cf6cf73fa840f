# no face: a test card, noise, a drawing, and a face of sixteen pixels, which may be found or not
. "$CASELIB"

for name in none noise cartoon; do
    cp "$MEDIA/faces/$name.mp4" .
    expect 1 faces $name.mp4
done
# too small to be looked for
cp "$MEDIA/faces/sixteen.mp4" .
quietly 1 faces --smallest 200 none.mp4
"$BONAFIDE" faces --no-landmarks sixteen.mp4 >out 2>err
rc=$?
[ $rc = 0 ] || [ $rc = 1 ] || complain "status $rc for a face of sixteen pixels"
[ ! -s err ] || complain "a face of sixteen pixels: $(cat err)"
tail -n 1 out | grep -o '"kind":"end"'
