# a ledger whose data file was emptied is damaged: no new one is made in its place
. "$CASELIB"

setup_registered tiny.mp4
cp "$MEDIA/short.mp4" b.mp4
: >ledger/data.mdb
refuse register b.mp4 --key news.key >"$case_dir/log"
refuse verify b.mp4 >"$case_dir/log"
refuse ledger log >"$case_dir/log"
refuse ledger init >"$case_dir/log"
echo "refused by all four"
