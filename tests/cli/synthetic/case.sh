# a generator's video: labelled, registered, and known again
. "$CASELIB"

fake() { # ARGUMENTS OF make_fake...
    "$MAKE_FAKE" "$@" || complain "make_fake $*"
}
setup
quietly 0 key export news.key -o news.pub
cp "$MEDIA/short.mp4" real.mp4
fake real.mp4 fake.mp4 news.key
files
tail -c 1600 fake.mp4 | grep -aq 'digitalsourcetype/compositeWithTrainedAlgorithmicMedia<' || complain 'no source type'
ffprobe -v error -show_entries format_tags=title,comment:stream=codec_name -of csv=p=0 fake.mp4
expect 0 ledger show 0
expect 0 ledger log
expect 0 ledger audit

# The file, and copies of it.
expect 1 verify fake.mp4
expect 1 verify fake.mp4 --proof fake.mp4.proof --trust news.pub
check fake.mp4 --proof fake.mp4.proof --trust news.pub
[ "$rc" = 1 ] || complain "bonafide-check says yes"
ffmpeg -v error -nostdin -i fake.mp4 -c:v libx264 -crf 30 -vf scale=iw/2:ih/2 half.mp4
ffmpeg -v error -nostdin -ss 1 -t 4 -i fake.mp4 -vf hflip -c:v libx264 -crf 23 flipped.mp4
expect 1 verify half.mp4
quietly 1 verify half.mp4 --json --report half.html
says '"verdict":"known-synthetic"'
says '"relation":"same-content"'
says '"mark":\{"found":true'
grep -q '<h1 class="no">KNOWN SYNTHETIC' half.html || complain 'the page does not say it'
quietly 1 verify flipped.mp4
says 'KNOWN SYNTHETIC'
says 'mark +found.*mirrored'

# What it was made from shares pictures with it, and is not it.
expect 3 verify real.mp4
quietly 3 verify real.mp4 --json
says '"verdict":"inconclusive"'
says '"mark":\{"found":false'
quietly 0 register real.mp4 --key news.key
quietly 0 verify real.mp4
quietly 0 verify "$MEDIA/short_crf28.mp4"
quietly 1 verify half.mp4
says 'KNOWN SYNTHETIC: a copy of record 0'

# Where no ledger knows it the mark speaks.
quietly 0 ledger init --ledger other
expect 1 verify half.mp4 --ledger other
quietly 1 verify half.mp4 --ledger other --json --report other.html
says '"verdict":"unregistered"'
says '"mark":\{"found":true'
grep -q '<h1 class="no">MADE BY A GENERATOR' other.html || complain 'the page does not say it'
! grep -q 'does not mean that the video is false' other.html || complain 'the page excuses it'

# An issuer who vouches for it does not make it real.
quietly 0 register half.mp4 --key news.key --ledger other
says "carries the mark of a generator"
rm half.mp4.proof half.mp4.digest
ffmpeg -v error -nostdin -i half.mp4 -c:v libx264 -crf 28 again.mp4
expect 3 verify again.mp4 --ledger other
