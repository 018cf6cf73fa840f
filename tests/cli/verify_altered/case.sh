# ten seconds of another face: altered, and which seconds
. "$CASELIB"

setup_registered speaker.mp4
quietly 1 verify "$MEDIA/altered_swap_crf23.mp4"
says altered
quietly 1 verify --json "$MEDIA/altered_swap_crf23.mp4"
says '"verdict":"altered"'
span_is 1 same 0 20 0
span_is 2 altered 20 30 20
span_is 3 same 30 60 30
echo "altered from about 20 s to about 30 s, and the same around"
