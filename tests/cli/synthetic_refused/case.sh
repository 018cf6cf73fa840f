# what cannot be registered is not begun, and what is not committed is not there
. "$CASELIB"

fake() { # STATUS ARGUMENTS OF make_fake...
    local want=$1 got=0
    shift
    echo "\$ make_fake$(shown "$@")"
    "$MAKE_FAKE" "$@" >"$case_dir/out" 2>"$case_dir/err" || got=$?
    sed 's/^/! /' "$case_dir/err"
    [ "$got" = "$want" ] || complain "status $got where $want was expected"
}
setup
cp "$MEDIA/tiny.mp4" real.mp4
fake 0 real.mp4 cut.mp4 news.key 20 3
files
fake 2 real.mp4 fake.mp4 nobody.key
touch fake.mp4.proof
fake 2 real.mp4 fake.mp4 news.key
rm fake.mp4.proof
files
ffmpeg -v error -nostdin -i "$MEDIA/short.mp4" -t 1 -c:v copy -c:a pcm_s16le pcm.mov
fake 2 pcm.mov fake.mp4 news.key
fake 0 pcm.mov fake.mov news.key
expect 0 ledger log

# The same again is the same file, and has its record.
fake 2 pcm.mov fake.mov news.key
sha256sum fake.mov >before
rm fake.mov fake.mov.proof fake.mov.digest
fake 0 pcm.mov fake.mov news.key
sha256sum -c --quiet before || complain 'it is another file'
rm before
files
quietly 0 ledger log
[ "$(wc -l <"$case_dir/out")" = 1 ] || complain 'a second record'
quietly 1 verify fake.mov

# No ledger at all is made.
export BONAFIDE_LEDGER=fresh
fake 0 real.mp4 first.mp4 news.key
expect 0 ledger audit
