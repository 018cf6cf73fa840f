# re-encoded, half size and a clip of a minute: same-content, with the seconds
. "$CASELIB"

setup_registered speaker.mp4
expect 0 verify "$MEDIA/speaker_half.mp4"
says same-content
expect 0 verify "$MEDIA/speaker_clip10.mp4"
says same-content
says '0:25'
expect 0 verify "$MEDIA/speaker_remux.mkv"
says identical
