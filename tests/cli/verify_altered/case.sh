# ten seconds of another face: altered, and which seconds
. "$CASELIB"

setup_registered speaker.mp4
quietly 1 verify "$MEDIA/altered_swap_crf23.mp4"
says altered
quietly 1 verify --json "$MEDIA/altered_swap_crf23.mp4"
says '"verdict":"altered"'
says '"state":"altered"'
# the span that is called altered covers seconds 20 to 30 within a second each side
tr '{' '\n' <"$case_dir/out" | grep '"state":"altered"' >spans
start=$(sed -n '1s/.*"suspect_start_us":\([0-9]*\).*/\1/p' spans)
end=$(sed -n '$s/.*"suspect_end_us":\([0-9]*\).*/\1/p' spans)
[ "$start" -ge 19000000 ] && [ "$start" -le 21000000 ] || complain "starts at $start"
[ "$end" -ge 29000000 ] && [ "$end" -le 31000000 ] || complain "ends at $end"
echo "altered from about 20 s to about 30 s"
