# the suspect once more as a video, what was altered coloured in
. "$CASELIB"

# shape FILE: codec, size, frames, streams
shape() {
    ffprobe -v error -count_frames -show_entries stream=codec_type,width,height,nb_read_frames -of csv=p=0 "$1" |
        sed 's/,$//'
}
# colour FILE SECOND BOX: mean red, green and blue of a box W:H:X:Y of the picture then
colour() {
    ffmpeg -nostdin -v error -ss "$2" -i "$1" -frames:v 1 -vf "crop=$3,scale=1:1:flags=area,format=rgb24" \
        -f rawvideo - | od -An -tu1
}

setup_registered speaker.mp4
cp "$MEDIA/altered_swap_crf23.mp4" b.mp4
quietly 1 verify b.mp4 --heatmap heat.mp4
echo "copy $(shape b.mp4 | head -n 1)"
echo "heat $(shape heat.mp4)"
face=60:60:180:120
read -r r0 g0 b0 < <(colour b.mp4 5 $face)
read -r r1 g1 b1 < <(colour heat.mp4 5 $face)
for d in $((r1 - r0)) $((g1 - g0)) $((b1 - b0)); do
    [ "${d#-}" -le 6 ] || complain "coloured where nothing was altered: $r0 $g0 $b0 is $r1 $g1 $b1"
done
read -r r0 g0 b0 < <(colour b.mp4 25 $face)
read -r r1 g1 b1 < <(colour heat.mp4 25 $face)
[ $((g0 - g1)) -gt $((r0 - r1 + 30)) ] || complain "the face is not coloured: $r0 $g0 $b0 is $r1 $g1 $b1"
# the strip: blue where it follows the record, red from a third to a half, low and high
read -r r1 g1 b1 < <(colour heat.mp4 5 8:2:60:283)
[ "$b1" -gt $((r1 + 60)) ] || complain "the strip is $r1 $g1 $b1 where it follows"
read -r r1 g1 b1 < <(colour heat.mp4 5 8:2:150:280)
[ "$r1" -gt $((b1 + 60)) ] || complain "the strip is $r1 $g1 $b1 where it was altered"

refuse verify b.mp4 --heatmap heat.mp4
refuse verify b.mp4 --heatmap nowhere/heat.mp4
refuse verify b.mp4 --heatmap b.mp4 --force
refuse verify a.mp4 b.mp4 --heatmap two.mp4
refuse verify nothing.mp4 --heatmap none.mp4
# a disk that fills up
(
    trap '' XFSZ
    ulimit -f 64
    quietly 2 verify a.mp4 --heatmap full.mp4
    says "cannot write 'full.mp4': File too large"
) || exit
# nothing altered, nothing registered, turned as shown, odd made even
quietly 0 verify a.mp4 --heatmap heat.mp4 --force --report a.html
echo "same $(shape heat.mp4)"
quietly 1 verify "$MEDIA/odd/rotated.mp4" --heatmap turned.mp4
echo "turned $(shape "$MEDIA/odd/rotated.mp4" | head -n 1) $(shape turned.mp4)"
quietly 3 verify "$MEDIA/odd/odd_size.webm" --heatmap even.mp4
echo "odd $(shape "$MEDIA/odd/odd_size.webm" | head -n 1) $(shape even.mp4)"
files
