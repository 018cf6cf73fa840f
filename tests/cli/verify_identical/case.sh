# the same bytes, and the same frames in another container
. "$CASELIB"

setup_registered
cp a.mp4 copy.mp4
expect 0 verify copy.mp4
says identical
cp "$MEDIA/short_remux.mkv" .
expect 0 verify short_remux.mkv
says identical
ffmpeg -v error -i a.mp4 -map 0:v -c copy cut.mov
expect 0 verify cut.mov
says identical
