# a ledger that is damaged or of another version is refused, never misread
. "$CASELIB"

setup_registered tiny.mp4
cp "$MEDIA/short.mp4" b.mp4
quietly 0 ledger audit
data=ledger/data.mdb
[ -e $data ] || complain "where is $data"
cp $data good
for how in noise cut text; do
    case $how in
    noise) head -c 65536 "$MEDIA/speaker.mp4" | tail -c 32768 >$data ;;
    cut) head -c 5000 good >$data ;;
    text) echo 'a text' >$data ;;
    esac
    echo "--- $how"
    refuse verify b.mp4
    refuse register b.mp4 --key news.key
    refuse ledger log
done
echo "--- whole again"
cp good $data
quietly 0 ledger audit
echo "--- another version"
grep -c 'bonafide-ledger/2' $data >/dev/null || complain "the version is not to be found"
sed -i 's#bonafide-ledger/2#bonafide-ledger/9#g' $data
refuse ledger log
says 'version|format'
refuse verify b.mp4
refuse register b.mp4 --key news.key
echo "--- a changed record"
cp good $data
sed -i 's#Six seconds#Six minutes#g' $data
run ledger audit
[ "$rc" = 1 ] || [ "$rc" = 2 ] || complain "the audit missed a changed title"
says 'record 0'
