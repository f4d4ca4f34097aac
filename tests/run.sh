#!/bin/sh
# Usage: sh tests/run.sh [PYTEST OPTION | PATH]...
# Runs all tests, or those named, in .venv, which it makes first (see .ci/venv).
set -eu

cd -- "$(dirname -- "$0")/.."
bin=$(sh .ci/venv test)
exec "$bin/python" -m pytest -n auto "$@"
