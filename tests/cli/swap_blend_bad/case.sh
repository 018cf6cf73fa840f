# what a blend cannot be made of, and what it asks for; nothing is written
. "$CASELIB"

setup
cp "$MEDIA/tiny.mp4" a.mp4
cp "$MEDIA/faces/none.mp4" none.mp4
echo "The terms of the fixtures." >terms.txt

refuse swap blend a.mp4 -s terms.txt -k news.key
refuse swap blend a.mp4 -o out.mp4 -k news.key
refuse swap blend a.mp4 -o out.mp4 -s terms.txt
refuse swap blend a.mp4 -o out.mp4 -s nowhere.txt -k news.key
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k nowhere.key
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key -m magic
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key -m paste
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key -m paste -d a.mp4
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key -d a.mp4
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -s terms.txt -k news.key -m paste -d nowhere.mp4
refuse swap blend a.mp4 -o a.mp4 -s terms.txt -k news.key --force
refuse swap blend a.mp4 -o out.mp4 --mask out.mp4 -s terms.txt -k news.key
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key --strength 2
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key --strength 0.01
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key --seed -1
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key --crf 52
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key --colour blue
refuse swap blend nowhere.mp4 -o out.mp4 -s terms.txt -k news.key
refuse swap blend terms.txt -o out.mp4 -s terms.txt -k news.key
# no face is an answer
expect 1 swap blend none.mp4 -o out.mp4 --mask m.mp4 -s terms.txt -k news.key
expect 1 swap blend none.mp4 -o out.mp4 -m mouth -s terms.txt -k news.key
expect 1 swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key --track 9
expect 1 swap blend a.mp4 -o out.mp4 -m paste -d none.mp4 -s terms.txt -s terms.txt -k news.key
# never over what is there
echo precious >out.mp4
refuse swap blend a.mp4 -o out.mp4 -s terms.txt -k news.key
refuse swap blend a.mp4 -o fresh.mp4 --mask out.mp4 -s terms.txt -k news.key
files
