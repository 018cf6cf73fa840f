# another video, and another take of the same speaker: unregistered
. "$CASELIB"

setup_registered
expect 1 verify "$MEDIA/other1.mp4"
says unregistered
expect 1 verify "$MEDIA/short2.mp4"
says unregistered
expect 1 verify --json "$MEDIA/other2.mp4"
says '"verdict":"unregistered"'
# an empty ledger knows nothing
quietly 0 ledger init --ledger empty
expect 1 verify --ledger empty "$MEDIA/short.mp4"
# several files: the worst answer is the exit status
quietly 2 verify nowhere.mp4 "$MEDIA/other1.mp4" a.mp4
quietly 1 verify "$MEDIA/other1.mp4" a.mp4
