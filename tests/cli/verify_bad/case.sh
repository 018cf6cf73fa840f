# what verify refuses: exit 2, one sentence, nothing written
. "$CASELIB"

setup_registered tiny.mp4
mkdir folder.mp4
refuse verify nowhere.mp4
says "No such file"
refuse verify folder.mp4
for f in "$MEDIA"/bad/*; do
    refuse verify "$f"
    says "${f##*/}"
done
refuse verify a.mp4 --ledger nowhere
refuse verify a.mp4 --proof nowhere.proof
refuse verify a.mp4 --digest nowhere.digest --proof a.mp4.proof
: >empty.proof
run verify a.mp4 --proof empty.proof
[ "$rc" != 0 ] || complain "an empty proof was believed"
refuse verify nowhere.mp4 --json
says '"schema":"bonafide.verify/1"'
says '"error"'
