# one bad file among good ones: the good ones are registered, the exit says 2
. "$CASELIB"

setup
cp "$MEDIA/tiny.mp4" a.mp4
cp "$MEDIA/short.mp4" b.mp4
expect 2 register a.mp4 nowhere.mp4 b.mp4 --key news.key
files
expect 0 ledger log
