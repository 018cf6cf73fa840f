# odd videos are accepted, and each is found again
. "$CASELIB"

setup
for f in "$MEDIA"/odd/*; do
    cp "$f" .
    quietly 0 register "${f##*/}" --key news.key
    quietly 0 verify "${f##*/}"
    says identical
    echo "${f##*/}: identical"
done
[ "$(find "$MEDIA/odd" -type f ! -name '.*' | wc -l)" -ge 14 ] || complain "where are the odd videos"
expect 0 ledger audit
