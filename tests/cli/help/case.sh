# every command answers --help on stdout, and the list of commands names each
. "$CASELIB"

expect 0 --help
expect 0 ledger --help
expect 0 key --help
"$BONAFIDE" --help | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z]*\( [a-z][a-z]*\)\{0,1\}\)  .*/\1/p' >commands
[ "$(wc -l <commands)" -ge 15 ] || complain "only $(wc -l <commands) commands are listed"
while read -r group name; do
    # shellcheck disable=SC2086
    expect 0 "$group" $name --help
    says "^usage: bonafide $group"
done <commands
