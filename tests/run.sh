#!/bin/sh
# Usage: sh tests/run.sh [PYTEST OPTION | PATH]...
# Runs all tests, or those named, in .venv, which it makes first (see .ci/venv).
set -eu

cd -- "$(dirname -- "$0")/.."
bin=$(sh .ci/venv test)
# Otherwise each of the many programs that tests start compiles all of extenci anew.
unset PYTHONDONTWRITEBYTECODE
# Most of the time tests wait, for machines that boot and jobs that start: there is room for two at each processor.
workers=$(($(getconf _NPROCESSORS_ONLN) * 2))
exec "$bin/python" -m pytest -n "$workers" --dist worksteal "$@"
