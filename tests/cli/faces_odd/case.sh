# frames of every kind: turned, odd, ten bits, grey, RGB, interlaced
. "$CASELIB"

for name in vfr.mp4 odd_size.webm ten_bit.mkv gray.mkv rgb.mkv interlaced.mpg late_start.ts one_frame.mp4 two_video.mkv; do
    quietly 0 faces --no-landmarks "$MEDIA/odd/$name"
    tail -n 1 "$case_dir/out" | sed 's/.*"file":"[^"]*"/'"$name"'/; s/,"duration_us.*//; s/,"blinks.*//'
done
# A picture that lies on its side holds a face that does, which need not be found; one that is turned back for showing does.
ffmpeg -nostdin -v error -i "$MEDIA/tiny.mp4" -vf transpose=1 -c:v libx264 -preset veryfast -crf 20 lying.mp4
ffmpeg -nostdin -v error -i lying.mp4 -c copy -metadata:s:v:0 rotate=90 upright.mp4
quietly 0 faces --no-landmarks upright.mp4
# the box lies in the picture as shown, where it is without the turn
sed -n 's/.*"frame":12,.*"box":\[\([0-9]*\)[0-9.]*,\([0-9]*\).*/\1 \2/p' "$case_dir/out" |
    awk '{ print ($1 > 120 && $1 < 150 && $2 > 60 && $2 < 110 ? "in its place" : "at " $1 " " $2) }'
