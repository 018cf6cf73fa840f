# a ledger on a read-only disk can be read and not written
. "$CASELIB"

setup_registered tiny.mp4
if [ "$(id -u)" = 0 ]; then
    # Root writes wherever it likes; a user without that right stands in for it.
    command -v setpriv >/dev/null || { echo "registered nothing, read everything"; exit 0; }
    chmod -R a+rX . && chmod 755 . ..
    cp "$BONAFIDE" ../bonafide 2>/dev/null
    as() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
else
    cp "$BONAFIDE" ../bonafide
    as() { "$@"; }
fi
chmod a+r news.key
chmod -R a-w ledger
cp "$MEDIA/short2.mp4" b.mp4
chmod a+r b.mp4
as ../bonafide verify a.mp4 >out || complain "cannot verify: $(cat out)"
grep -q IDENTICAL out || complain "not identical"
as ../bonafide ledger audit >/dev/null || complain "cannot audit"
rm out
before=$(listing)
if as ../bonafide register b.mp4 --key news.key >out 2>err; then
    complain "registered on a read-only ledger"
else
    [ $? = 2 ] || complain "status $?"
fi
grep -q '^bonafide: ' err || complain "no sentence"
rm out err
[ "$before" = "$(listing)" ] || complain "something was written"
echo "registered nothing, read everything"
