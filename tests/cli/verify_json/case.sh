# one object a file, one line each, with every field
. "$CASELIB"

setup_registered
cp a.mp4 copy.mp4
expect 1 verify --json copy.mp4 "$MEDIA/short_crf28.mp4" "$MEDIA/other2.mp4"
[ "$(wc -l <"$case_dir/out")" = 3 ] || complain "not one line a file"
field() { # LINE PATTERN
    sed -n "$1p" "$case_dir/out" | grep -qE -- "$2" || complain "line $1 lacks $2"
}
for line in 1 2 3; do
    field $line '^\{.*\}$'
    field $line '"schema":"bonafide.verify/1"'
    field $line '"file":"'
    field $line '"verdict":"'
    field $line '"chain":\{[^}]*"size":1'
    field $line '"root":"[0-9a-f]{64}"'
    field $line '"not_checked":\['
done
field 1 '"verdict":"identical"'
field 2 '"verdict":"same-content"'
field 3 '"verdict":"unregistered"'
for line in 1 2; do
    field $line '"record":\{'
    field $line '"checked":true'
    field $line '"index":0'
    field $line '"hash":"[0-9a-f]{64}"'
    field $line '"issuer":'
    field $line '"title":"Six seconds"'
    field $line '"registered_at":'
done
field 2 '"spans":\[\{'
field 2 '"suspect_start_us":0'
field 2 '"source_start_us":'
field 2 '"state":"same"'
field 2 '"transform":\{'
field 2 '"coverage":'
