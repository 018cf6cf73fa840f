# a ledger is made once
. "$CASELIB"

expect 0 ledger init --ledger led
refuse ledger init --ledger led
refuse ledger log --ledger nowhere
expect 0 ledger log --ledger led
expect 0 ledger audit --ledger led
refuse ledger show 0 --ledger led
refuse ledger prove 0 --ledger led
echo text >file
refuse ledger init --ledger file
refuse ledger init --ledger file/led
# where no folder is named: the environment, then XDG_DATA_HOME
BONAFIDE_LEDGER="./env" expect 0 ledger init
expect 0 ledger init
ls -d env .data/bonafide/ledger
stat -c '%a %n' env
