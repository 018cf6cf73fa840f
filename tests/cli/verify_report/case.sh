# the page: verdict and stills, names that are no markup, nothing from elsewhere, complete or not there
. "$CASELIB"

# page_has FILE TEXT, page_lacks FILE PATTERN
page_has() {
    grep -qF -- "$2" "$1" || complain "$1 lacks: $2"
}
page_lacks() {
    ! grep -qiE -- "$2" "$1" || complain "$1 has: $2"
}
closed() {
    tail -n 1 "$1" | grep -q '</html>' || complain "$1 does not end"
    page_lacks "$1" '<script|https?://|<link|@import|url\([^#]|src="[^d]|href='
    # what the policy lets in is this very style sheet
    want=$(tr -d '\n' <"$1" | grep -o "sha256-[^']*" | head -n 1)
    got=sha256-$(sed -n '/<style>/,/^<\/style>/p' "$1" | sed '1s/.*<style>//; $d' |
        openssl dgst -sha256 -binary | openssl base64)
    [ "$want" = "$got" ] || complain "the policy of $1 names $want, the style is $got"
}

setup_registered speaker.mp4
cp "$MEDIA/altered_swap_crf23.mp4" b.mp4
quietly 1 verify b.mp4 --report b.html
closed b.html
page_has b.html '<h1 class="no">ALTERED: made from record 0 (Six seconds), and not the same</h1>'
page_has b.html "Example Newsroom (a key that signs in this ledger)"
page_has b.html "by the issuer&#39;s clock"
page_has b.html 'a region shows something else</h3>'
page_has b.html 'region-replaced'
page_has b.html '<b>The record</b> at 0:2'
page_has b.html '&quot;schema&quot;: &quot;bonafide.verify/1&quot;'
page_has b.html 'sound: '
echo "stills: $(grep -o 'src="data:image/jpeg;base64,/9j/' b.html | wc -l)"
! grep -o '<img[^>]*>' b.html | grep -qv 'alt="[^"]' || complain "a picture has no words"

refuse verify a.mp4 --report b.html
says "b.html"
refuse verify a.mp4 --report nowhere/a.html
refuse verify a.mp4 --report a.mp4 --force
expect 0 verify a.mp4 --report b.html --force
closed b.html
page_has b.html '<h1 class="yes">IDENTICAL to record 0 (Six seconds): the same file</h1>'
page_lacks b.html '<img'

# a disk that fills up
(
    trap '' XFSZ
    ulimit -f 4
    quietly 2 verify a.mp4 --report full.html
    says "cannot write 'full.html': File too large"
) || exit
[ ! -e full.html ] || complain "half a page was written"

name='<img src=x onerror=alert(1)>.mp4'
cp "$MEDIA/tiny.mp4" "$name"
quietly 0 register "$name" --key news.key --title '<script>alert(1)</script>'
quietly 2 verify "$name" nothing.mp4 "$(printf '<b>\033.mp4')" "$MEDIA/other1.mp4" --report many.html
closed many.html
page_lacks many.html '<img src=x|<b>.x1b'
page_has many.html '&lt;script&gt;alert(1)&lt;/script&gt;'
page_has many.html '&lt;img src=x onerror=alert(1)&gt;.mp4'
page_has many.html 'NO ANSWER: cannot open &#39;nothing.mp4&#39;: No such file or directory'
page_has many.html '&lt;b&gt;\x1b.mp4'
page_has many.html '<h1 class="none">UNREGISTERED: no record of this ledger has these pictures</h1>'
echo "sections: $(grep -c '^<article>' many.html)"

cp "$name.proof" t.proof
quietly 3 verify "$name" --proof t.proof --report t.html
closed t.html
page_has t.html '<h1 class="unsure">by an issuer you DO NOT TRUST: IDENTICAL'
page_has t.html 'UNKNOWN: calls itself &quot;Example Newsroom&quot;; you do not trust this key'
files
