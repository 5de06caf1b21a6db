#!/usr/bin/env bash
# Makes every clip in media/ from nothing but arithmetic and one font, so the sample catalog and the player page have
# something to play whose rights are beyond doubt. Each clip is ONE fragmented MP4 that serves twice: progressively as
# video/mp4, and by byte ranges as the segments of the HLS playlist beside it (read from the file's own segment index).
#
#   scripts/install_tools.sh          once: ffmpeg and the font, from Debian
#   scripts/make_media.sh             remake everything (about a minute and a half)
#   scripts/make_media.sh OUT_DIR     the same, somewhere else, to compare
set -euo pipefail
cd "$(dirname "$0")/.."

OUT_DIR="${1:-media}"
FONT_DIR=/usr/share/fonts/truetype/dejavu # Debian package fonts-dejavu-core
BOLD="$FONT_DIR/DejaVuSans-Bold.ttf"
MONO="$FONT_DIR/DejaVuSansMono-Bold.ttf"
FPS=12
GOP_SEC=2
SEGMENT_SEC=4
AUDIO_HZ=48000
CLOCK='%{eif\:floor(t/60)\:d\:2}\:%{eif\:mod(floor(t)\,60)\:d\:2}' # mm:ss, in drawtext's own escapes
KEEP_RGB="r='r(X,Y)':g='g(X,Y)':b='b(X,Y)'" # for geq filters that shape only the alpha channel
TOTAL_BYTES_MAX=3500000
PROGRAM_BYTES_MAX=1200000

# seconds | look a: two ends of a gradient, moon | look b: paper, stripe, ink | tone in Hz
AD_PALETTE="
6  0x1b2a49 0x7b2d43 0xffc857  0xfff4e0 0xffe0b5 0x8a3b12  196.00
10 0x0b3d3a 0x1f6f8b 0xf2f7a1  0xeaf6ff 0xcfe8fb 0x123a63  220.00
15 0x2b1055 0x7597de 0xffe3fe  0xf1f8e9 0xd9edc3 0x2f5d1f  246.94
20 0x3a1c1c 0xb5542b 0xffe9a8  0xfdeef4 0xf8d3e2 0x7a1f4b  261.63
30 0x0f2027 0x2c7873 0xbff0d4  0xfff8cf 0xfbe88f 0x5b4a00  293.66
45 0x1f1c2c 0x928dab 0xf9d9a6  0xeceaff 0xd3cdfb 0x33267a  329.63
60 0x102a12 0x5a8f3c 0xf7f4c3  0xe6fbf7 0xbdeee3 0x0c5147  349.23
"

require() {
  local tool
  for tool in ffmpeg ffprobe od awk; do
    command -v "$tool" > /dev/null || {
      echo "make_media: $tool is missing; run scripts/install_tools.sh" >&2
      exit 1
    }
  done
  local font
  for font in "$BOLD" "$MONO"; do
    [ -f "$font" ] || {
      echo "make_media: $font is missing (package fonts-dejavu-core); run scripts/install_tools.sh" >&2
      exit 1
    }
  done
}

# The playlist is derived from the file: the first sidx box lists each fragment's size in bytes and duration in ticks.
# write_playlist FILE PLAYLIST [HEADER_LINE]
write_playlist() {
  local sidx_at
  sidx_at=$(grep -abo -m1 sidx "$1" | head -n1 | cut -d: -f1)
  od --endian=big -An -v -tu4 -w4 -j "$((sidx_at - 4))" -N 4096 "$1" | awk -v at="$((sidx_at - 4))" \
    -v name="$(basename "$1")" -v target="$SEGMENT_SEC" -v extra="${3:-}" '
    { word[NR] = $1 }
    END {
      # Words: size, type, version, reference, timescale, time (2), first offset (2), entry count, 3 an entry.
      offset = at + word[1] + word[9]
      print "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:" target "\n#EXT-X-MEDIA-SEQUENCE:0"
      print "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS"
      printf "#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%d@0\"\n", name, at
      if (extra != "") print extra
      for (i = 0; i < word[10] % 65536; i++) {
        size = word[11 + 3 * i]
        printf "#EXTINF:%.6f,\n#EXT-X-BYTERANGE:%d@%d\n%s\n", word[12 + 3 * i] / word[5], size, offset, name
        offset += size
      }
      print "#EXT-X-ENDLIST"
    }' > "$2"
}

# clip FILE SECONDS CRF VIDEO_GRAPH AUDIO_EXPRESSION [PLAYLIST_HEADER_LINE]
# No B-frames and no encoder delay packet: both tracks start at exactly zero without an edit list, which players read
# differently. One thread and the bitexact flags make the bytes repeatable on one version of ffmpeg and the font.
clip() {
  local file="$1" seconds="$2" crf="$3" video="$4" audio="$5" header="${6:-}"
  mkdir -p "$(dirname "$file")"
  ffmpeg -hide_banner -nostdin -loglevel error -y \
    -filter_complex_threads 1 -filter_complex "$video,format=yuv420p,trim=duration=$seconds[v]" \
    -f lavfi -i "aevalsrc=$audio:s=$AUDIO_HZ:c=mono:d=$(awk "BEGIN { print $seconds - 0.04 }")" \
    -map '[v]' -map 0:a -map_metadata -1 -threads 1 \
    -c:v libx264 -profile:v main -preset veryslow -tune animation -bf 0 -crf "$crf" -r "$FPS" \
    -g "$((FPS * GOP_SEC))" -keyint_min "$((FPS * GOP_SEC))" -sc_threshold 0 -bsf:v filter_units=remove_types=6 \
    -c:a aac -b:a 16k -ac 1 -bsf:a 'noise=drop=lt(pts\,0)' \
    -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
    -f mp4 -movflags +frag_keyframe+empty_moov+default_base_moof+global_sidx+skip_trailer \
    -min_frag_duration "$((SEGMENT_SEC * 1000000 - 100000))" "$file"
  write_playlist "$file" "$(dirname "$file")/index.m3u8" "$header"
}

# disc DIAMETER COLOUR LABEL: one still frame of a soft-edged disc, repeated for ever.
disc() {
  local r
  r=$(($1 / 2))
  echo "color=$2:s=$1x$1:r=$FPS:d=0.05,format=rgba,
    geq=$KEEP_RGB:a='255*clip($r-hypot(X-$r,Y-$r)\,0\,1)',
    loop=-1:1,setpts=N/$FPS/TB[$3]"
}

# Look a: night colours, a drifting moon, one large number counting down, a bar filling up.
look_a() {
  local sec="$1" dark="$2" bright="$3" moon="$4"
  echo "gradients=s=320x180:r=$FPS:c0=$dark:c1=$bright:nb_colors=2:speed=0.008:seed=$sec:d=$sec[bg];
    $(disc 84 "$moon" moon);
    [bg][moon]overlay=format=gbrp:x='222-56*t/$sec+4*sin(t*0.9)':y='50+8*sin(t*0.7)'[sky];
    color=$moon:s=320x6:r=$FPS:d=$sec[bar];
    [sky][bar]overlay=format=gbrp:x='-320+320*t/$sec':y=174,
    drawtext=fontfile=$BOLD:fontsize=78:fontcolor=white:x=22:y=54:text='%{eif\:ceil($sec-t)\:d}',
    drawtext=fontfile=$BOLD:fontsize=16:fontcolor=white:x=24:y=18:text='Sample ad, $sec seconds',
    drawtext=fontfile=$BOLD:fontsize=13:fontcolor=white:x=24:y=146:text='seconds left  -  look a'"
}

# Look b: paper and drifting stripes, a panel with a clock running up.
look_b() {
  local sec="$1" paper="$2" stripe="$3" ink="$4"
  echo "color=$paper:s=400x180:r=$FPS:d=0.05,format=rgba[paper];
    color=$stripe:s=400x180:r=$FPS:d=0.05,format=rgba,
    geq=$KEEP_RGB:a='255*lt(mod(X+Y\,80)\,40)'[stripes];
    [paper][stripes]overlay=format=gbrp,format=rgb24,loop=-1:1,setpts=N/$FPS/TB,
    crop=w=320:h=180:x='2*mod(n\,40)':y=0[bg];
    $(disc 40 "$ink" dot);
    [bg][dot]overlay=format=gbrp:x='254+14*cos(t*1.2)':y='24+14*sin(t*1.2)',
    drawbox=x=0:y=64:w=320:h=62:color=$ink:t=fill,
    drawtext=fontfile=$MONO:fontsize=34:fontcolor=$paper:x=22:y=80:text='$CLOCK',
    drawtext=fontfile=$MONO:fontsize=20:fontcolor=$stripe:x=150:y=88:text='of $sec seconds',
    drawtext=fontfile=$BOLD:fontsize=18:fontcolor=$ink:x=22:y=26:text='Sample ad, $sec s',
    drawtext=fontfile=$BOLD:fontsize=13:fontcolor=$ink:x=22:y=146:text='look b'"
}

# The house slate: shown when nothing was sold, so it is calm and says so.
house() {
  echo "gradients=s=320x180:r=$FPS:c0=0x14213d:c1=0x274060:nb_colors=2:speed=0.006:seed=1:d=$1[bg];
    $(disc 14 0xfca311 dot);
    [bg][dot]overlay=format=gbrp:x='153+60*sin(t*PI*2/$1)':y=116,
    drawtext=fontfile=$BOLD:fontsize=24:fontcolor=white:x=(w-tw)/2:y=52:text='Back in a moment',
    drawtext=fontfile=$BOLD:fontsize=13:fontcolor=0xa9bcd0:x=(w-tw)/2:y=88:text='house slate   %{eif\:ceil($1-t)\:d}'"
}

# hill LABEL OPACITY BASE HEIGHT WAVES PIXELS_PER_FRAME: a silhouette that repeats every 640 pixels, scrolling.
hill() {
  local w="2*PI*X/640"
  local ridge="sin($w*$5)+0.5*sin($w*($5+2)+1)+0.3*sin($w*(2*$5+3)+2)"
  echo "color=0x0d1b2a:s=960x180:r=$FPS:d=0.05,format=rgba,
    geq=$KEEP_RGB:a='255*$2*clip(Y-($3-$4*($ridge))\,0\,1)',
    loop=-1:1,setpts=N/$FPS/TB,crop=w=320:h=180:x='mod(floor(n*$6)\,640)':y=0[$1]"
}

# The program: one day over the hills, from dawn to moonrise, with a clock to see breaks and resumes by.
program() {
  local sec="$1"
  # Four skies stacked in one tall picture; the view slides down it.
  local u="(Y/719*3.9)"
  local sky="clip(1-$u\,0\,1)" day="clip(1-abs($u-1)\,0\,1)" dusk="clip(1-abs($u-2)\,0\,1)" night="clip($u-2\,0\,1)"
  echo "color=black:s=320x720:r=$FPS:d=0.05,format=gbrp,
    geq=r='255*$sky+120*$day+240*$dusk+44*$night':
    g='190*$sky+190*$day+130*$dusk+58*$night':
    b='150*$sky+235*$day+100*$dusk+122*$night',
    loop=-1:1,setpts=N/$FPS/TB,crop=w=320:h=180:x=0:y='540*t/$sec'[sky];
    $(disc 36 0xfff2b0 sun); $(disc 22 0xe8ecf4 moon);
    $(hill far 0.35 96 11 3 0.5); $(hill mid 0.55 122 12 2 1); $(hill near 0.85 152 10 4 2);
    [sky][sun]overlay=format=gbrp:x='20+260*t/80':y='118-100*sin(PI*t/80)'[s1];
    [s1][moon]overlay=format=gbrp:x='300-4*(t-80)':y='150-3.2*(t-80)':enable='gte(t,80)'[s2];
    [s2][far]overlay=format=gbrp[s3]; [s3][mid]overlay=format=gbrp[s4]; [s4][near]overlay=format=gbrp,
    drawtext=fontfile=$BOLD:fontsize=13:fontcolor=white:x=14:y=12:text='A day over the hills',
    drawtext=fontfile=$MONO:fontsize=15:fontcolor=white:x=w-tw-14:y=11:text='$CLOCK / 02\:00'"
}

# check PLAYLIST SECONDS: the playlist and the file must both state the length, within 0.05 s, or nothing is kept.
check() {
  local stated probed
  stated=$(awk -F'[:,]' '/^#EXTINF/ { sum += $2 } END { print sum }' "$1")
  probed=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$(dirname "$1")"/*.mp4)
  awk -v a="$stated" -v b="$probed" -v want="$2" 'BEGIN { exit !((a-want)^2 <= 0.0025 && (b-want)^2 <= 0.0025) }' || {
    echo "make_media: $1 states $stated s, its file $probed s, wanted $2 s" >&2
    exit 1
  }
  printf '%-28s %3d s  %7d bytes\n' "$1" "$2" "$(cat "$(dirname "$1")"/* | wc -c)"
}

main() {
  require
  local sec dark bright moon paper stripe ink hz soft
  while read -r sec dark bright moon paper stripe ink hz; do
    [ -n "$sec" ] || continue
    soft="0.02*(1-exp(-4*t))*(1-exp(4*(t-$sec)))"
    clip "$OUT_DIR/ads/${sec}a/ad.mp4" "$sec" 30 "$(look_a "$sec" "$dark" "$bright" "$moon")" \
      "$soft*(sin(2*PI*$hz*t)+0.5*sin(3*PI*$hz*t))"
    clip "$OUT_DIR/ads/${sec}b/ad.mp4" "$sec" 30 "$(look_b "$sec" "$paper" "$stripe" "$ink")" \
      "$soft*sin(4*PI*$hz*t)*(0.6+0.4*sin(2*PI*t/2))"
    check "$OUT_DIR/ads/${sec}a/index.m3u8" "$sec"
    check "$OUT_DIR/ads/${sec}b/index.m3u8" "$sec"
  done <<< "$AD_PALETTE"

  clip "$OUT_DIR/house/ad.mp4" 6 30 "$(house 6)" "0.01*sin(2*PI*174.61*t)*sin(PI*t/6)"
  check "$OUT_DIR/house/index.m3u8" 6

  # A fixed date makes the program addressable by EXT-X-DATERANGE, which is how HLS interstitials are placed.
  clip "$OUT_DIR/program/program.mp4" 120 30 "$(program 120)" \
    "0.012*(sin(2*PI*130.81*t)*(1+sin(PI*t/9))+sin(2*PI*196*t)*(1+sin(PI*t/13))+sin(2*PI*261.63*t)*(1+sin(PI*t/7)))" \
    "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z"
  check "$OUT_DIR/program/index.m3u8" 120

  local total program_bytes
  total=$(find "$OUT_DIR" -type f -exec cat {} + | wc -c)
  program_bytes=$(cat "$OUT_DIR"/program/* | wc -c)
  echo "total $total bytes (at most $TOTAL_BYTES_MAX), program $program_bytes (at most $PROGRAM_BYTES_MAX)"
  [ "$total" -le "$TOTAL_BYTES_MAX" ] && [ "$program_bytes" -le "$PROGRAM_BYTES_MAX" ]
}

main
