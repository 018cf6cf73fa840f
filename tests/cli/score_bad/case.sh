# what score refuses before it looks: exit 2, one sentence, nothing written
. "$CASELIB"

cp "$MEDIA/tiny.mp4" a.mp4
refuse score
refuse score --frobnicate a.mp4
for n in 0 -1 many 1025 ''; do
    refuse score --frames "$n" a.mp4
done
refuse score --every 0 a.mp4
refuse score --every 1001 a.mp4
for t in x -1 5: 5. :5 1:60 1:2:3:4 1.1234567 12345678 ''; do
    refuse score --start "$t" a.mp4
done
refuse score --end 1s a.mp4
refuse score --end 0 a.mp4
refuse score --start 2 --end 1 a.mp4
refuse score --start 1:00 --end 60.0 a.mp4
refuse score --report a.mp4 --force a.mp4
: >old.html
refuse score --report old.html a.mp4
refuse score --report nowhere/a.html a.mp4
refuse score --report nowhere/a.html a.mp4 --json
says '"schema":"bonafide.score/1"'
# no answer for a file that is not there
quietly 2 score nothing.mp4
files
