# what the commands of 'detector' refuse: exit 2, one sentence, nothing written
. "$CASELIB"

printf 'a.mp4\tann\ttrain\n' >list
printf 'a.mp4 ann train\n' >bad.list
printf 'a.mp4\tann\ttrain\nb.mp4\tann\ttest\n' >split.list
printf 'file\tlabel\na.mp4\treal\n' >a.tsv
printf 'file\tkind\na.mp4\treal\n' >kind.tsv
printf 'file\tlabel\na.mp4\tperhaps\n' >label.tsv
printf 'file\tperson\n' >cues
printf 'BFCHIPS1 but no more of it\n' >chips
printf 'BFBLOCK1 but no more of it\n' >blocks
: >old
mkdir w empty

# no file, and an option that there is not
for what in prepare train measure calibrate evaluate; do
    refuse detector "$what"
    refuse detector "$what" --frobnicate list
done

refuse detector prepare list
refuse detector prepare -o out list list
refuse detector prepare -o out --split all list
refuse detector prepare -o out --moments 0 list
refuse detector prepare -o out --threads many list
refuse detector prepare -o out --seed -1 list
refuse detector prepare -o list --force list
refuse detector prepare -o old list
refuse detector prepare -o nowhere/out list
refuse detector prepare -o out nothing
refuse detector prepare -o out bad.list
refuse detector prepare -o out split.list
refuse detector prepare -o out --split test list

refuse detector train chips
refuse detector train -w w --network resnet chips
refuse detector train -w w --leave-out nose chips
refuse detector train -w w --steps 0 chips
refuse detector train -w w --batch 0 chips
refuse detector train -w w --threads 0 chips
refuse detector train -w w nothing
refuse detector train -w new chips
refuse detector train -w new --network meso4 list
refuse detector train -w new --network temporal nothing
refuse detector train -w new --network temporal blocks
refuse detector train -w new --network temporal --batch 600 blocks

refuse detector measure list
refuse detector measure -o out list
refuse detector measure -o out -w w --seconds 0 list
refuse detector measure -o out -w w --strength 1.5 list
refuse detector measure -o out -w w --only real,fake list
refuse detector measure -o out -w w --only real, list
refuse detector measure -o out -w w --split none list
refuse detector measure -o list -f -w w list
refuse detector measure -o old -w w list
refuse detector measure -o out --blocks old -w w list
refuse detector measure -o out -w w nothing
refuse detector measure -o out -w w bad.list
refuse detector measure -o out -w w list
refuse detector measure -o out -w w --split train list

refuse detector calibrate cues
refuse detector calibrate -w w --use nose cues
refuse detector calibrate -w w --use= cues
refuse detector calibrate -w w --use artifact,nose cues
refuse detector calibrate -w w --penalty 0 cues
refuse detector calibrate -w w --misses 501 cues
refuse detector calibrate -w w nothing
refuse detector calibrate -w w cues
refuse detector calibrate -w w list
refuse detector calibrate -w w old

refuse detector evaluate --seed x a.tsv
refuse detector evaluate --threads 0 a.tsv
refuse detector evaluate nothing
refuse detector evaluate list
refuse detector evaluate kind.tsv
refuse detector evaluate label.tsv
refuse detector evaluate empty
refuse detector evaluate --table old a.tsv
refuse detector evaluate --table a.tsv -f a.tsv
refuse detector evaluate -w w a.tsv
refuse detector evaluate -w w --json a.tsv
files
