# the video once more, with what was seen drawn on it
. "$CASELIB"

# shape FILE: codec, size, frames, streams
shape() {
    ffprobe -v error -count_frames -show_entries stream=codec_type,width,height,nb_read_frames -of csv=p=0 "$1" |
        sed 's/,$//'
}

cp "$MEDIA/tiny.mp4" a.mp4
quietly 0 faces --no-landmarks a.mp4 --overlay seen.mp4
echo "video $(shape a.mp4 | head -n 1)"
echo "overlay $(shape seen.mp4)"
# something is drawn where the face is, and nothing in the corner
differs() {
    ffmpeg -nostdin -v error -i a.mp4 -i seen.mp4 -filter_complex "[0:v]crop=$1[a];[1:v]crop=$1[b];[a][b]psnr=stats_file=psnr.txt" -f null -
    sed -n '1s/.*psnr_y:\([0-9]*\).*/\1/p' psnr.txt
}
[ "$(differs 130:160:130:90)" -lt 32 ] || complain "nothing is drawn on the face"
[ "$(differs 80:80:0:0)" -gt 38 ] || complain "something is drawn in the corner"

expect 2 faces a.mp4 --overlay seen.mp4
expect 2 faces a.mp4 --overlay nowhere/seen.mp4
expect 2 faces a.mp4 --overlay a.mp4 --force
expect 2 faces a.mp4 a.mp4 --overlay two.mp4
expect 2 faces nothing.mp4 --overlay none.mp4
quietly 0 faces --no-landmarks a.mp4 -o seen.mp4 --force
# no face: the video all the same; turned as shown; odd made even
quietly 1 faces "$MEDIA/faces/noise.mp4" -o noise.mp4
quietly 0 faces "$MEDIA/odd/odd_size.webm" -o even.mp4
echo "odd $(shape "$MEDIA/odd/odd_size.webm" | head -n 1) $(shape even.mp4)"
files
