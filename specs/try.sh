#!/bin/sh
# Usage: sh specs/try.sh
# The example in this folder from beginning to end: plan, apply, status and destroy on the sandbox. Where QEMU is
# installed, its disk is also proved to boot.
# Makes .venv (see .ci/venv) and the disk specs/disks/worker.raw first (for booting also in specs/booting); both stay,
# to go on by hand.
# Uses a home of its own that it removes again, unless EXTENCI_HOME is set.
set -eu

cd -- "$(dirname -- "$0")/.."
bin=$(sh .ci/venv sandbox)
private=

finish() {
    status=$?
    trap - EXIT
    if [ -n "$private" ]; then
        "$bin/extenci" sandbox stop >/dev/null 2>&1 || true
        rm -rf -- "$private"
    fi
    [ "$status" = 0 ] || printf 'specs/try.sh did not get to its end (exit status %s).\n' "$status" >&2
    exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${EXTENCI_HOME:-}" ]; then
    private=$(mktemp -d)
    EXTENCI_HOME=$private
    export EXTENCI_HOME
fi

run() {
    printf '\n$ extenci %s\n' "$*"
    "$bin/extenci" "$@"
}

has_real_machines() { "$bin/extenci" sandbox status --format json | grep -q '"machines": "qemu"'; }

# Where QEMU is installed: a small disk that boots.
make_bootable_disk() { has_real_machines && mkdir -p specs/disks && run sandbox image specs/disks/worker.raw; }

# Else a sparse disk of 1 GiB with 64 MiB of data, the same bytes each time, which boots nowhere: behind the mark of a
# boot sector there is nothing but noise.
make_other_disk() {
    mkdir -p specs/disks
    "$bin/python" - specs/disks/worker.raw <<'PROGRAM'
import pathlib
import random
import sys

MIB = 1024**2
disk = pathlib.Path(sys.argv[1])
unfinished = disk.with_suffix(".unfinished.raw")
content = random.Random(2011)
with unfinished.open("wb") as file:
    file.truncate(1024 * MIB)
    for piece in range(64):
        file.seek(piece * 16 * MIB)
        file.write(content.randbytes(MIB))
    file.seek(0)
    file.write(bytes(510) + b"\x55\xaa")
unfinished.rename(disk)
PROGRAM
}

if ! [ -f specs/disks/worker.raw ] && ! make_bootable_disk; then
    EXTENCI_SANDBOX_MACHINES=simulated
    export EXTENCI_SANDBOX_MACHINES
    make_other_disk
fi

run plan specs
run apply specs -y
run plan specs --detailed-exitcode # exits 0 only where nothing is left to do
run status specs
run destroy specs -y
if has_real_machines; then
    ln -f specs/disks/worker.raw specs/booting/worker.raw || cp specs/disks/worker.raw specs/booting/worker.raw
    run verify sandbox/worker specs/booting # boots it in a test VM, and looks whether it works
    run destroy specs/booting -y
fi
if [ -n "$private" ]; then
    run sandbox stop
fi
cat <<TEXT

That was all of it. To go on by hand, with the disk in specs/disks:

    . ${bin#"$PWD"/}/activate      # puts extenci on the path
    extenci apply specs                # asks, and leaves machines to look at
    extenci help tutorial              # the same step by step, with specs of your own
TEXT
