# each limit that a user can lower refuses what goes past it, in every way to decode, and nothing else
. "$CASELIB"

setup_registered
cp "$MEDIA/short_crf28.mp4" copy.mp4
expect 0 verify copy.mp4 --max-side 360 --max-frames 144 --max-seconds 6 --max-streams 2 --max-memory 512 --max-faces 1
refuse verify copy.mp4 --max-side 359
refuse verify copy.mp4 --max-frames 143
refuse verify copy.mp4 --max-seconds 5
refuse verify copy.mp4 --max-streams 1
refuse verify copy.mp4 --max-frames 143 --no-sandbox
refuse verify copy.mp4 --max-side 359 --json
refuse register copy.mp4 --key news.key --max-seconds 5
refuse register "$MEDIA/odd/rotated.mp4" --key news.key --max-side 300
# one large frame in a small video
ffmpeg -v error -nostdin -i copy.mp4 -frames:v 2 -vf scale=4096:4096 -c:v libx264 -preset ultrafast large.mp4
refuse verify large.mp4 --max-memory 512
# the other file is answered
quietly 2 verify large.mp4 a.mp4 --max-side 4095
says 'identical'
# more faces than one
ffmpeg -v error -nostdin -i copy.mp4 -i copy.mp4 -frames:v 8 -filter_complex hstack -c:v libx264 -preset ultrafast pair.mp4
quietly 0 faces pair.mp4 --max-faces 2
quietly 2 faces pair.mp4 --max-faces 1
says 'frame [0-9]* shows more faces than the limit of 1'
quietly 2 score pair.mp4 --max-faces 1
says 'more faces than the limit of 1'
# no numbers, and numbers that are none of a limit's
refuse verify copy.mp4 --max-side 15
refuse verify copy.mp4 --max-side=16385
refuse verify copy.mp4 --max-frames 0
refuse verify copy.mp4 --max-seconds -1
refuse verify copy.mp4 --max-streams many
refuse verify copy.mp4 --max-memory 18446744073709551617
refuse verify copy.mp4 --max-faces 257
refuse verify copy.mp4 --max-faces
