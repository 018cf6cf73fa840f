# a proof that is there already is not overwritten without --force
. "$CASELIB"

setup
cp "$MEDIA/tiny.mp4" a.mp4
echo mine >a.mp4.proof
refuse register a.mp4 --key news.key
says "a.mp4.proof"
rm a.mp4.proof
echo mine >a.mp4.digest
refuse register a.mp4 --key news.key
says "a.mp4.digest"
expect 0 register a.mp4 --key news.key --force
grep -L mine a.mp4.digest
files
