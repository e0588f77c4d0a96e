#!/bin/sh
# Makes the pictures of this folder. It needs ffmpeg, and cjpeg and jpegtran of libjpeg-turbo.
# They are 48x32 pixels of ffmpeg's test picture; the pictures derived from them are made in
# ../src/jpeg/corpus.rs.
set -eu
cd "$(dirname "$0")"

picture() { # PIXEL-FORMAT OPTIONS... FILE
    format=$1
    shift
    ffmpeg -v error -y -f lavfi -i testsrc=size=48x32:rate=1 -frames:v 1 -pix_fmt "$format" \
        -bitexact "$@"
}

for format in yuvj420p yuvj422p yuvj444p; do
    picture "$format" -c:v mjpeg -q:v 5 -f mjpeg "ffmpeg-$format.jpg"
done
picture yuvj420p -c:v mjpeg -huffman default -q:v 5 -f mjpeg ffmpeg-default-tables.jpg
picture yuvj420p -c:v mjpeg -slices 4 -q:v 5 -f mjpeg ffmpeg-slices.jpg

picture rgb24 -f image2 source.ppm
trap 'rm -f source.ppm scans' EXIT
made() { # FILE OPTIONS...
    file=$1
    shift
    cjpeg -quality 75 "$@" -outfile "$file" source.ppm
}
made cjpeg-420.jpg
made cjpeg-422.jpg -sample 2x1
made cjpeg-440.jpg -sample 1x2
made cjpeg-444.jpg -sample 1x1
made cjpeg-411.jpg -sample 4x1
made cjpeg-410.jpg -sample 4x2
made cjpeg-chroma-larger.jpg -sample 1x1,2x2,2x2
made cjpeg-grey.jpg -grayscale
made cjpeg-rgb.jpg -rgb
made cjpeg-optimal-tables.jpg -optimize
made cjpeg-restart-blocks.jpg -restart 1B
made cjpeg-restart-rows.jpg -restart 1
made cjpeg-tables-of-16-bits.jpg -quality 1
made cjpeg-progressive.jpg -progressive
made cjpeg-arithmetic.jpg -arithmetic
made cjpeg-arithmetic-progressive.jpg -arithmetic -progressive
printf '0;\n1;\n2;\n' >scans
made cjpeg-three-scans.jpg -scans scans
jpegtran -rotate 90 -outfile jpegtran-rotated.jpg cjpeg-422.jpg

ffmpeg -v error -y -f lavfi -i testsrc=size=16x16:rate=1 -frames:v 1 -bitexact -c:v png -f image2 \
    ffmpeg-png.png
