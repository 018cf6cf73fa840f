# wrong use, files that are no videos, networks that are missing or damaged
. "$CASELIB"

cp "$MEDIA/tiny.mp4" a.mp4
models=$(dirname "$BONAFIDE")/../models
expect 2 faces
expect 2 faces nothing.mp4
cp "$MEDIA/bad/text.mp4" "$MEDIA/bad/still.png" .
expect 2 faces text.mp4
expect 2 faces still.png
expect 2 faces --smallest 8 a.mp4
expect 2 faces --smallest many a.mp4
expect 2 faces --models nowhere a.mp4
BONAFIDE_MODELS=elsewhere expect 2 faces a.mp4

damaged() {
    rm -rf models
    mkdir models
    cp "$models"/*.json "$models"/*.bin models
}
damaged
rm models/iris.bin
expect 2 faces --models models a.mp4
damaged
head -c 100000 "$models/facemesh.bin" >models/facemesh.bin
expect 2 faces --models models a.mp4
damaged
: >models/faceres.json
quietly 2 faces --models models a.mp4
damaged
# one network in the place of another
cp models/iris.json models/blazeface.json
cp models/iris.bin models/blazeface.bin
quietly 2 faces --models models a.mp4
# a byte of a weight: another number, and still an answer without a crash
damaged
flip models/facemesh.bin 70000
"$BONAFIDE" faces --models models a.mp4 >out 2>err
rc=$?
[ $rc -le 2 ] || complain "status $rc with a flipped byte"
