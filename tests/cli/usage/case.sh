# a wrong call: exit 2, one word of what is wrong, and what would be right
. "$CASELIB"

expect 2
expect 2 frobnicate
expect 2 key
expect 2 ledger frobnicate
expect 2 verify
expect 2 register
expect 2 verify --frobnicate a.mp4
says "unknown option '--frobnicate'"
expect 2 register a.mp4 --key
says "needs a value"
expect 2 verify --json=yes a.mp4
expect 2 verify --weights here a.mp4
expect 2 ledger show
expect 2 ledger show first
expect 2 register a.mp4
expect 2 version now
files
