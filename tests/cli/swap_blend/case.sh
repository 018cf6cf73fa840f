# fakes without a trained model: what is changed, what is not, and what is said of it
. "$CASELIB"

setup
cp "$MEDIA/tiny.mp4" a.mp4
echo "The terms of the fixtures." >terms.txt
echo "The other terms." >others.txt

expect 0 swap blend a.mp4 -o self.mp4 --mask mask.mp4 -s terms.txt -k news.key --title Blended
# the same seed, the same pixels; another, others
quietly 0 swap blend a.mp4 -o again.mp4 -s terms.txt -k news.key --title Blended
cmp self.mp4 again.mp4 && echo "the same again"
quietly 0 swap blend a.mp4 -o other.mp4 -s terms.txt -k news.key --seed 2
cmp -s self.mp4 other.mp4 || echo "another seed, another fake"

shape() {
    ffprobe -v error -count_frames -show_entries stream=codec_type,width,height,nb_read_frames -of csv=p=0 "$1" |
        sed 's/,$//'
}
for f in a.mp4 self.mp4 mask.mp4; do
    echo "$f $(shape $f)"
done

# differs FILE CROP: PSNR of the luma against the source, whole dB, there, in the frame that differs most
differs() {
    ffmpeg -nostdin -v error -i a.mp4 -i "$1" -filter_complex "[0:v]crop=$2[a];[1:v]crop=$2[b];[a][b]psnr=stats_file=psnr.txt" -f null -
    tr ' ' '\n' <psnr.txt | sed -n 's/^psnr_y:\([0-9]*\).*/\1/p' | sort -n | head -n 1
}
face=110:130:150:90
corner=80:80:0:0
# in METHOD OPTIONS...: makes METHOD.mp4; the face is changed, the corner is not
in_the_face() {
    local method=$1
    shift
    quietly 0 swap blend a.mp4 -m "$method" "$@" -o "$method.mp4" --mask "$method.mask.mp4" -s terms.txt -k news.key --json --crf 12
    sed 's/.*"family":"\([^"]*\)".*"frames":\([0-9]*\),"frames_changed":\([0-9]*\),"frames_passed":\([0-9]*\).*"method":"\([^"]*\)".*/\1: \3 of \2 frames, \4 passed; recorded as \5/' "$case_dir/out"
    [ "$(differs "$method.mp4" $face)" -lt 38 ] || complain "$method changes no face"
    [ "$(differs "$method.mp4" $corner)" -gt 39 ] || complain "$method changes the corner"
}
in_the_face warp
in_the_face mouth
in_the_face eyes
in_the_face paste --donor "$MEDIA/other2.mp4" -s others.txt --seamless
in_the_face mesh --donor "$MEDIA/other2.mp4" -s others.txt --colour histogram

# half the size, and the sound kept or not
cp "$MEDIA/short.mp4" long.mp4
ffmpeg -nostdin -v error -t 1 -i long.mp4 -c:v libx264 -preset ultrafast -c:a copy sound.mp4
quietly 0 swap blend sound.mp4 -o half.mp4 --mask half.mask.mp4 --half -s terms.txt -k news.key
echo "half $(shape half.mp4 | tr '\n' ' ') mask $(shape half.mask.mp4)"
quietly 0 swap blend sound.mp4 -o mute.mp4 --no-sound -s terms.txt -k news.key
echo "mute $(shape mute.mp4)"
files
