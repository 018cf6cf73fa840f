# what key refuses
. "$CASELIB"

quietly 0 key new -o news.key --name 'Example Newsroom' --no-passphrase
refuse key new -o news.key --name 'Another' --no-passphrase
says 'news.key'
refuse key new -o nowhere/news.key --name 'Another' --no-passphrase
refuse key new -o b.key --no-passphrase --name ''
refuse key new -o b.key --no-passphrase --name "$(printf 'two\nlines')"
refuse key show nowhere.key
mkdir folder
refuse key show folder
: >empty.key
refuse key show empty.key
echo 'not a key' >text.key
refuse key show text.key
head -c 100 news.key >cut.key
refuse key show cut.key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.key 2>/dev/null
refuse key show p256.key
says 'curve|secp256k1'
cp "$MEDIA/tiny.mp4" a.mp4
refuse register a.mp4 --key text.key
files
