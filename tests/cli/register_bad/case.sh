# what register refuses: exit 2, one sentence, nothing written
. "$CASELIB"

setup
cp "$MEDIA"/bad/* .
cp "$MEDIA/tiny.mp4" good.mp4
mkdir folder.mp4
refuse register nowhere.mp4 --key news.key
says "No such file"
refuse register folder.mp4 --key news.key
for f in empty.mp4 text.mp4 garbage.mp4 truncated_faststart.mp4 truncated_moov_last.mp4 audio.m4a cover.mp3 no_frames.y4m \
    still.png still.jpg; do
    refuse register $f --key news.key
    says "$f"
done
refuse register /dev/null --key news.key
refuse register good.mp4
refuse register good.mp4 --key nowhere.key
refuse register good.mp4 --key news.key --ledger text.mp4
refuse register good.mp4 --key news.key --ledger good.mp4/led
refuse register text.mp4 --key news.key --json
says '"schema":"bonafide.register/1"'
says '"error"'
refuse register good.mp4 --key news.key --title "$(printf 'a\033[31mb')"
refuse register "$(printf 'no\033[2Jwhere.mp4')" --key news.key
expect 0 ledger log
