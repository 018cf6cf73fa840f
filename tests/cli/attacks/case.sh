# videos that are made to be misread, and what the answer says of each
. "$CASELIB"

setup
cp "$MEDIA/short.mp4" a.mp4
cp "$MEDIA/short2.mp4" fake.mp4
cp "$MEDIA/tiny.mp4" tiny.mp4
quietly 0 register a.mp4 --key news.key --title 'Six seconds'
quietly 0 register tiny.mp4 --key news.key --title 'One second'
encode() {
    ffmpeg -v error -nostdin "$@" || complain "cannot make ${*: -1}"
}

# patch NAME BOX OFFSET BYTES: tiny.mp4 as NAME, with these bytes behind the first BOX
patch() {
    local at
    cp tiny.mp4 "$1"
    at=$(LC_ALL=C grep -abo "$2" "$1" | head -n 1 | cut -d: -f1)
    # shellcheck disable=SC2059
    printf "$4" | dd of="$1" bs=1 seek=$((at + $3)) conv=notrunc status=none
}
echo "--- a container that lies: what counts is what is decoded"
patch long.mp4 mdhd 20 '\177\377\377\377'
patch instant.mp4 mdhd 20 '\0\0\0\0'
patch huge.mp4 avc1 28 '\377\377\377\377'
patch wide.mp4 tkhd 80 '\076\200\0\0\076\200\0\0'
for f in long instant huge wide; do
    expect 0 verify $f.mp4
    quietly 0 register $f.mp4 --key news.key
    says '360x288, 24 frames, 0:01.000'
done
patch many.mp4 stsz 12 '\177\377\377\377'
refuse verify many.mp4
patch few.mp4 stsz 12 '\0\0\0\012'
quietly 3 verify few.mp4
patch slow.mp4 stts 12 '\0\0\0\030\177\377\377\377'
quietly 3 verify slow.mp4

echo "--- two video streams: some players show the first, some the larger, this program decodes one"
encode -i fake.mp4 -i a.mp4 -map 0:v -map 1:v -c:v:0 libx264 -preset ultrafast -crf 40 -c:v:1 copy -disposition:v default two.mp4
expect 3 verify two.mp4
expect 3 verify two.mp4 --proof a.mp4.proof
quietly 3 verify two.mp4 --json
says '1 other video stream'
quietly 3 verify two.mp4 --report two.html
grep -q 'beside ANOTHER VIDEO STREAM' two.html || complain "the page does not say it"
# in the registered file itself it is what the issuer signed
cp "$MEDIA/odd/two_video.mkv" both.mkv
quietly 0 register both.mkv --key news.key
says 'only the main one is registered'
quietly 0 verify both.mkv

echo "--- transparency: a player may show what lies beneath"
hole="format=yuva420p,geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='255*lt(X,180)'"
encode -t 3 -i a.mp4 -vf "$hole" -c:v ffv1 hole.mkv
encode -t 3 -i a.mp4 -vf "$hole" -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 1M hole.webm
for f in hole.mkv hole.webm; do
    quietly 0 verify $f
    says 'same content'
    says 'transparency: what a player shows'
done

echo "--- a genuine picture as the cover of a fake"
encode -i a.mp4 -frames:v 1 cover.png
encode -i fake.mp4 -i cover.png -map 0:v -map 1:v -c copy -disposition:v:1 attached_pic covered.mp4
quietly 1 verify covered.mp4
says 'unregistered'
encode -i a.mp4 -i cover.png -map 0:v -map 1:v -c copy -disposition:v:1 attached_pic same.mp4
quietly 0 verify same.mp4
says 'identical'

echo "--- another machine's decoder: the last bit of a pixel here and there"
encode -i a.mp4 -vf "format=yuv420p,geq=lum='lum(X,Y)+mod(X+Y+N,2)':cb='cb(X,Y)':cr='cr(X,Y)+mod(X,2)'" -c:v ffv1 decoded.mkv
quietly 0 verify decoded.mkv
says 'same content as record 0'
! grep -q transparency "$case_dir/out" || complain "transparency where there is none"
# the same file is known by its bytes, which no decoder touches
quietly 0 verify a.mp4
says 'the same file'

echo "--- escapes and markup in titles"
refuse register fake.mp4 --key news.key --title "$(printf 'a\033[2Jb')"
refuse register fake.mp4 --key news.key --title "$(printf 'a\nIDENTICAL')"
refuse register fake.mp4 --key news.key --title "$(printf 'a\302\233b')"
# written backwards, and as if it were the answer
title=$(printf 'x\342\200\256LACITNEDI </title><script>alert(1)</script> "&\047')
quietly 0 register fake.mp4 --key news.key --title "$title"
quietly 0 verify fake.mp4 --report fake.html
! LC_ALL=C grep -q "$(printf '\342\200\256')" "$case_dir/out" fake.html || complain "an override came through"
says '\\xe2\\x80\\xaeLACITNEDI'
! grep -q '<script' fake.html || complain "a title is markup"
quietly 0 ledger log
! LC_ALL=C grep -q "$(printf '\342\200\256')" "$case_dir/out" || complain "an override came through"
quietly 0 ledger log --json
grep -q '</title><script>alert(1)</script> \\"&' "$case_dir/out" || complain "the title is not what was registered"
