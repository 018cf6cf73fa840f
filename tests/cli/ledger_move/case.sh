# a ledger moves as one file, and the copy is the same ledger
. "$CASELIB"

setup_registered tiny.mp4
quietly 0 ledger export -o moved.ledger || true
[ -s moved.ledger ] || complain "no export"
expect 0 ledger import moved.ledger --ledger copy
expect 0 ledger audit --ledger copy
"$BONAFIDE" ledger log --json --ledger ledger >here.log
"$BONAFIDE" ledger log --json --ledger copy >there.log
cmp here.log there.log && echo "the logs are the same"
# again: nothing to add
expect 0 ledger import moved.ledger --ledger copy
# grown, then brought up to date
cp "$MEDIA/short.mp4" b.mp4
quietly 0 register b.mp4 --key news.key
quietly 0 ledger export -o moved2.ledger
expect 0 ledger import moved2.ledger --ledger copy
expect 0 ledger log --ledger copy
cp "$MEDIA/short_crf28.mp4" suspect.mp4
run verify suspect.mp4 --ledger copy
says 'same.content'
# another ledger's export does not go on top
quietly 0 ledger init --ledger strange
quietly 0 register b.mp4 --key news.key --ledger strange --force
quietly 0 ledger export --ledger strange -o strange.ledger
refuse ledger import strange.ledger --ledger copy
# damaged exports
refuse ledger import nowhere.ledger --ledger new
refuse ledger import news.key --ledger new
size=$(stat -c %s moved.ledger)
for at in 3 $((size / 3)) $((size / 2)) $((size - 3)); do
    cp moved.ledger bad.ledger
    flip bad.ledger "$at"
    quietly 2 ledger import bad.ledger --ledger new
done
head -c $((size - 1)) moved.ledger >bad.ledger
quietly 2 ledger import bad.ledger --ledger new
[ ! -e new ] || complain "a bad export made a ledger"
refuse ledger export -o moved.ledger
