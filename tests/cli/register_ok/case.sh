# what register answers and writes
. "$CASELIB"

setup
cp "$MEDIA/short.mp4" a.mp4
expect 0 register a.mp4 --key news.key --title 'Six seconds'
files
head -n 1 a.mp4.proof
[ "$(stat -c %s a.mp4.proof)" -le 2048 ] || complain "the proof is $(stat -c %s a.mp4.proof) bytes"
stat -c '%a' a.mp4.proof a.mp4.digest
cp "$MEDIA/short2.mp4" b.mp4
expect 0 register b.mp4 --key news.key --json --private
says '"schema":"bonafide.register/1"'
cp "$MEDIA/tiny.mp4" -- '-c.mp4'
expect 0 register --key news.key -- -c.mp4
expect 0 ledger audit
