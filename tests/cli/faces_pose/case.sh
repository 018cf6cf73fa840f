# the pose of a head in a picture that is turned by known angles, and mirrored
. "$CASELIB"

# poses FILE: yaw, pitch and roll of the last frame of each half second
poses() {
    quietly 0 faces --no-landmarks "$1"
    sed -n 's/.*"frame":\([0-9]*\),.*"pose":{"yaw":\([-0-9.]*\),"pitch":\([-0-9.]*\),"roll":\([-0-9.]*\)}.*/\1 \2 \3 \4/p' "$case_dir/out" |
        awk '($1 + 1) % 12 == 0 { print $2, $3, $4 }'
}

poses "$MEDIA/faces/turned.mp4" >straight
poses "$MEDIA/faces/turned_mirrored.mp4" >mirrored
wc -l <straight
paste -d ' ' straight mirrored | awk '
    function off(a, b) { return a > b ? a - b : b - a }
    BEGIN { split("0 10 20 30 -10 -20 -30", turn) }
    NR == 1 { yaw = $1; pitch = $2; roll = $3 }
    {
        n++
        rolled += off($3, roll + turn[NR]); yawed += off($1, yaw); pitched += off($2, pitch)
        m_rolled += off($6, -$3); m_yawed += off($4, -$1); m_pitched += off($5, $2)
    }
    END {
        print "yaw has a sign:", (yaw > 1.5 ? "yes" : "no")
        print "turned, mean error under 1 degree:", (rolled / n < 1 && yawed / n < 1 && pitched / n < 1 ? "yes" : rolled / n " " yawed / n " " pitched / n)
        print "mirrored, mean error under 3 degrees:",
            (m_rolled / n < 3 && m_yawed / n < 3 && m_pitched / n < 3 ? "yes" : m_rolled / n " " m_yawed / n " " m_pitched / n)
    }'
