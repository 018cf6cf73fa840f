# an issuer that nobody has vouched for is never shown as authentic
. "$CASELIB"

setup_registered
quietly 0 key new -o other.key --name 'Example Newsroom' --no-passphrase
"$BONAFIDE" key export news.key >news.pub
"$BONAFIDE" key export other.key >other.pub
unset BONAFIDE_LEDGER
mv ledger gone
echo "--- no trust file"
expect 3 verify a.mp4 --proof a.mp4.proof
says '[Tt]rust'
echo "--- another key of the same name"
expect 3 verify a.mp4 --proof a.mp4.proof --trust other.pub
echo "--- the trust file of the configuration folder"
mkdir -p .config/bonafide
cp news.pub .config/bonafide/trust
expect 0 verify a.mp4 --proof a.mp4.proof
echo "--- several trust files"
expect 0 verify a.mp4 --proof a.mp4.proof --trust other.pub --trust news.pub
echo "--- bad trust files"
refuse verify a.mp4 --proof a.mp4.proof --trust nowhere.pub
echo 'secp256k1 nothex A' >bad.pub
refuse verify a.mp4 --proof a.mp4.proof --trust bad.pub
says 'line 1|bad.pub:1'
# A copied ledger holds records of a key that has not signed on this machine.
mv gone ledger
"$BONAFIDE" ledger export --ledger ledger -o moved
quietly 0 ledger import moved --ledger copy
rm .config/bonafide/trust
expect 3 verify a.mp4 --ledger copy
expect 0 verify a.mp4 --ledger copy --trust news.pub
expect 0 verify a.mp4 --ledger ledger
