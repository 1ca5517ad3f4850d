#!/bin/bash
# Remakes the files of this folder with cjpeg and djpeg of libjpeg-turbo 2.1: one picture in forms of JPEG. Files of one
# subsampling have the same coefficients, and NAME.ppm is what djpeg decodes them to.
set -euo pipefail
cd "$(dirname "$0")"
rm -f ./*.jpg ./*.ppm
python3 - <<'P'
import math, random
random.seed(1)
w, h = 45, 35
pixels = bytearray()
for y in range(h):
    for x in range(w):
        pixels += bytes([int(127 + 120 * math.sin(x / 9 + y / 17)), int(127 + 120 * math.sin(x * y / 200)),
                         int(127 + 100 * math.cos((x - y) / 5) + random.randint(-20, 20))])
open('source.ppm', 'wb').write(b'P6\n%d %d\n255\n' % (w, h) + pixels)
P
printf '0;\n1;\n2;\n' > three.txt
printf '0;\n1 2;\n' > two.txt
make() { # name, form, options of cjpeg
    cjpeg -quality 85 "${@:3}" -outfile "$1.$2.jpg" source.ppm
}
for sampling in 1x1 2x1 1x2 2x2 4x1 1x1,2x2,1x1 2x2,2x1,1x2; do
    name="${sampling//,/_}"
    make "$name" baseline -sample "$sampling"
    make "$name" progressive -sample "$sampling" -progressive
    make "$name" restart -sample "$sampling" -restart 2B
    make "$name" scans3 -sample "$sampling" -scans three.txt -restart 1
    make "$name" scans2 -sample "$sampling" -scans two.txt
    make "$name" progressive_restart -sample "$sampling" -progressive -restart 3B
done
for form in gray rgb; do
    flag=$([ $form = gray ] && echo -grayscale || echo -rgb)
    make $form baseline $flag
    make $form progressive $flag -progressive
done
make arithmetic baseline -arithmetic
for file in *.baseline.jpg; do
    djpeg -pnm -outfile "${file%.baseline.jpg}.ppm" "$file"
done
rm -f source.ppm three.txt two.txt arithmetic.ppm
