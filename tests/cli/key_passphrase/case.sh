# a key under a passphrase: encrypted, read with the passphrase alone
. "$CASELIB"

echo 'correct horse' >pass
echo 'wrong horse' >wrong
expect 0 key new -o news.key --name 'Example Newsroom' --passphrase-file pass
grep -c 'BEGIN ENCRYPTED PRIVATE KEY' news.key
# another program reads it too
openssl pkey -in news.key -passin pass:'correct horse' -noout && echo "openssl reads it"
expect 0 ledger init --ledger led
cp "$MEDIA/tiny.mp4" a.mp4
refuse register a.mp4 --key news.key --ledger led --passphrase-file wrong
says 'passphrase'
refuse register a.mp4 --key news.key --ledger led
says 'passphrase'
refuse register a.mp4 --key news.key --ledger led --passphrase-file nowhere
expect 0 register a.mp4 --key news.key --ledger led --passphrase-file pass
