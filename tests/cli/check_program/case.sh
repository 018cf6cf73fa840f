# bonafide-check alone: proof and trust file in, one word out
. "$CASELIB"

setup_registered tiny.mp4
"$BONAFIDE" key export news.key >news.pub
quietly 0 key new -o other.key --name 'Other' --no-passphrase
"$BONAFIDE" key export other.key >other.pub
check a.mp4.proof --trust news.pub
[ "$rc" = 0 ] || complain "status $rc"
check a.mp4.proof --trust other.pub
[ "$rc" = 3 ] || complain "status $rc"
check nowhere.proof --trust news.pub
[ "$rc" = 2 ] || complain "status $rc"
check --help
[ "$rc" = 0 ] || complain "status $rc"
if ldd "$CHECK" 2>/dev/null | grep -E 'libav|libsw|openblas|lmdb'; then
    complain "it links what it must not"
fi
