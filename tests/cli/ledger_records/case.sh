# log, show, prove and checkpoint of a ledger of three records
. "$CASELIB"

setup
cp "$MEDIA/tiny.mp4" 1.mp4
cp "$MEDIA/short.mp4" 2.mp4
cp "$MEDIA/short2.mp4" 3.mp4
expect 0 register 1.mp4 2.mp4 --key news.key
expect 0 register 3.mp4 --key news.key --title 'Third'
expect 0 ledger log
expect 0 ledger log --json
[ "$(wc -l <"$case_dir/out")" = 3 ] || complain "not one line a record"
expect 0 ledger show 2
says 'Third'
expect 0 ledger show 2 --json
refuse ledger show 3
refuse ledger prove 3
quietly 0 ledger prove 1
cp "$case_dir/out" 1.proof
grep -c . 1.proof >/dev/null || complain "the proof is empty"
quietly 0 key export news.key
cp "$case_dir/out" news.pub
expect 0 verify 2.mp4 --proof 1.proof --trust news.pub
says 'identical'
quietly 0 ledger checkpoint --key news.key
says '^3$'
expect 0 ledger audit
expect 0 ledger audit --json
