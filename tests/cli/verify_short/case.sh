# three seconds in which little moves, under strong compression: known; another three seconds of the same talk: not
. "$CASELIB"

cut() { # FILE START CRF OUT
    ffmpeg -v error -nostdin -y -ss "$2" -t 3 -i "$1" -an -c:v libx264 -preset veryfast -crf "$3" -threads 1 "$4"
}

setup
n=0
for start in 3 12; do
    cut "$MEDIA/other2.mp4" $start 17 talk$start.mp4
    cut talk$start.mp4 0 38 copy$start.mp4
done
quietly 0 register talk12.mp4 --key news.key
quietly 0 verify copy12.mp4
says 'same content'
for suspect in talk3.mp4 copy3.mp4; do
    quietly 1 verify "$suspect"
    says unregistered
    n=$((n + 1))
done
echo "$n others are not taken for it"
