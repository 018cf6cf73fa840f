# a file that is registered already: exit 2, and which record it is
. "$CASELIB"

setup_registered tiny.mp4
refuse register a.mp4 --key news.key
says 'record 0'
cp a.mp4 b.mp4
refuse register b.mp4 --key news.key
says 'record 0'
refuse register a.mp4 --key news.key --force
says 'record 0'
expect 0 ledger log
# without a ledger there, the first register makes one and says so
expect 0 register b.mp4 --key news.key --ledger fresh
says 'new ledger'
