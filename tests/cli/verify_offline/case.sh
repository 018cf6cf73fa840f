# with a proof and a trust file, and no ledger at hand
. "$CASELIB"

setup_registered
quietly 0 key export news.key
cp "$case_dir/out" news.pub
unset BONAFIDE_LEDGER
mkdir away
cp a.mp4 a.mp4.proof news.pub away
cp "$MEDIA/short_crf28.mp4" away/copy.mp4
cp "$MEDIA/short_remux.mkv" away/remux.mkv
cp "$MEDIA/short2.mp4" away/take2.mp4
mv ledger gone
cp a.mp4.digest digest.kept
cd away || exit 9
echo "--- without the digest"
expect 0 verify a.mp4 --proof a.mp4.proof --trust news.pub
says identical
expect 0 verify remux.mkv --proof a.mp4.proof --trust news.pub
says identical
# A re-encoded copy cannot be told from another video without the digest.
expect 3 verify copy.mp4 --proof a.mp4.proof --trust news.pub
says inconclusive
echo "--- with the digest"
cp ../digest.kept a.mp4.digest
expect 0 verify copy.mp4 --proof a.mp4.proof --trust news.pub
says same.content
expect 1 verify take2.mp4 --proof a.mp4.proof --trust news.pub
says unregistered
mv a.mp4.digest other.name
expect 0 verify copy.mp4 --proof a.mp4.proof --digest other.name --trust news.pub
says same.content
echo "--- a digest that is not this record's"
echo garbage >a.mp4.digest
refuse verify copy.mp4 --proof a.mp4.proof --trust news.pub
cp other.name a.mp4.digest
flip a.mp4.digest 1000
refuse verify copy.mp4 --proof a.mp4.proof --trust news.pub
