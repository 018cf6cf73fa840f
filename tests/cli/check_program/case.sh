# bonafide-check alone: proof and trust file in, one word out
. "$CASELIB"

setup_registered tiny.mp4
"$BONAFIDE" key export news.key >news.pub
quietly 0 key new -o other.key --name 'Other' --no-passphrase
"$BONAFIDE" key export other.key >other.pub
check --proof a.mp4.proof --trust news.pub
[ "$rc" = 0 ] || complain "status $rc"
check a.mp4 --proof a.mp4.proof --trust news.pub
[ "$rc" = 0 ] || complain "status $rc"
check "$MEDIA/short.mp4" --proof a.mp4.proof --trust news.pub
[ "$rc" = 1 ] || complain "status $rc"
check --json --proof a.mp4.proof --trust news.pub
[ "$rc" = 0 ] || complain "status $rc"
check --proof a.mp4.proof --trust other.pub
[ "$rc" = 3 ] || complain "status $rc"
check --proof a.mp4.proof
[ "$rc" = 2 ] || complain "status $rc"
check --proof nowhere.proof --trust news.pub
[ "$rc" = 2 ] || complain "status $rc"
check --help
[ "$rc" = 0 ] || complain "status $rc"
if ldd "$CHECK" 2>/dev/null | grep -E 'libav|libsw|openblas|lmdb'; then
    complain "it links what it must not"
fi
