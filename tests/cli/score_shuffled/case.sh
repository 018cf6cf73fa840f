# a score depends on the pictures alone: not on name, container, sound or metadata
. "$CASELIB"

# same NAME FILE: the answer but for the file's name is that of the first
answer() {
    quietly "$want" score --json "$1"
    sed -E 's/"file":"[^"]*",//; s/"(container|codec)":"[^"]*",?//g' "$case_dir/out"
}

rc=0
"$BONAFIDE" score --json "$MEDIA/short.mp4" >first 2>/dev/null || rc=$?
want=$rc
[ "$want" != 2 ] || complain "there is no answer"
answer "$MEDIA/short.mp4" >first
cp "$MEDIA/short.mp4" deepfake_fake_synthetic.mp4
answer deepfake_fake_synthetic.mp4 >renamed
cmp first renamed && echo "renamed: the same"
answer "$MEDIA/short_remux.mkv" >remuxed
cmp first remuxed && echo "in another container: the same"
ffmpeg -v error -i "$MEDIA/short.mp4" -c copy -an -metadata title='AI-generated' -metadata comment='made by a generator' silent.mp4
answer silent.mp4 >silent
cmp first silent && echo "without sound, and with a title that says fake: the same"
