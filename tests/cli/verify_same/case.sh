# re-encoded, half size and a clip of a minute: same-content, with the seconds
. "$CASELIB"

setup_registered speaker.mp4
quietly 0 verify "$MEDIA/speaker_half.mp4"
says 'SAME CONTENT as record 0'
quietly 0 verify --json "$MEDIA/speaker_half.mp4"
says '"verdict":"same-content"'
span_is 1 same 0 60 0
quietly 0 verify --json "$MEDIA/speaker_clip10.mp4"
says '"verdict":"same-content"'
says '"trimmed":true'
span_is 1 same 0 10 25
quietly 0 verify "$MEDIA/speaker_remux.mkv"
says IDENTICAL
echo "half size: 0 to 60 s; clip: 25 to 35 s of the record"
