#!/bin/sh
# Fuzzes with libFuzzer: libfuzzer.sh SOURCE FOLDER SECONDS NAME... builds libhost.a and each fuzzer with clang in FOLDER, and runs each so
# long. What a fuzzer finds stays in FOLDER as NAME-crash-…; given to the program tests/fuzz/fuzz_NAME it fails there, too.
set -eu
source=$1 folder=$2 seconds=$3
shift 3
command -v clang >/dev/null || { echo "make fuzz needs clang (apt install clang)" >&2; exit 1; }
checks="-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined"
mkdir -p "$folder"
cd "$folder"
# The strict warnings are gcc's business.
[ -f Makefile ] || "$source/configure" -q CC=clang CFLAGS="$checks -fsanitize=fuzzer-no-link -Wno-error -w"
make -s -j"$(nproc)" libhost.a
libraries=$(sed -n 's/^\(ZMQ\|SODIUM\|JSON\|INIH\|SQLITE\|LTDL\|PAM\|CMOCKA\|GMIME\)_LIBS = //p' Makefile | tr '\n' ' ')
headers=$(sed -n 's/^GMIME_CFLAGS = //p' Makefile)
for name; do
	house=
	[ "$name" = envelope ] && house=$source/tests/unit/seal_house.c
	[ "$name" = schedule ] && house=$(ls "$source"/plugins/trigger/schedule/*.c | grep -v /schedule.c)
	[ "$name" = sim ] && house=$(ls "$source"/plugins/driver/memory/sim/play.c "$source"/plugins/driver/memory/sim/script.c "$source"/plugins/driver/memory/book.c "$source"/plugins/driver/memory/program.c)
	reply="$source/plugins/trigger/email/reply.c $source/plugins/trigger/email/texts.c"
	[ "$name" = mail ] && house="$(ls "$source"/plugins/trigger/email/parsing/*.c | grep -v "confine\|hostler-mail") $reply"
	[ "$name" = mail_reply ] && house=$reply
	# shellcheck disable=SC2086
	clang $checks -fsanitize=fuzzer $headers -D_GNU_SOURCE -I"$source/sdk/include" -I"$source/host" -I"$source/tests/unit" \
		"$source/tests/fuzz/fuzz_$name.c" "$source/tests/fuzz/fuzz_input.c" $house libhost.a $libraries -o "fuzz_$name"
	mkdir -p "found/$name"
	echo "$name: $seconds s"
	SRCDIR=$source "./fuzz_$name" -max_total_time="$seconds" -max_len=8192 -timeout=10 -verbosity=0 -print_final_stats=1 \
		-artifact_prefix="$name-" "found/$name" "$source/tests/fuzz/corpus/$name" 2>&1 |
		grep -E 'number_of_executed_units|ERROR|SUMMARY|not true' || true
	! ls "$name"-crash-* "$name"-timeout-* "$name"-oom-* "$name"-leak-* >/dev/null 2>&1 || { ls "$name"-*; exit 1; }
done
