# an exact copy of a slide in which one bar is higher all along: nothing else differs, and that does not hide it
. "$CASELIB"

encode() { # QP OUT ARGUMENTS...
    ffmpeg -v error -nostdin -y "${@:3}" -c:v libx264 -qp "$1" -pix_fmt yuv420p -threads 1 "$2"
}

setup
encode 12 slide.mp4 -f lavfi -i "color=white:s=640x360:r=25:d=8,drawbox=60:60:300:6:black:fill,\
drawbox=100:160:40:160:steelblue:fill,drawbox=180:240:40:80:orange:fill,\
drawbox=x='300+20*t':y=340:w=30:h=8:color=red:t=fill"
encode 0 copy.mp4 -i slide.mp4
encode 0 higher.mp4 -i slide.mp4 -vf drawbox=180:130:40:110:orange:fill
quietly 0 register slide.mp4 --key news.key
quietly 0 verify copy.mp4
quietly 1 verify higher.mp4
says 'a region shows something else'
