#!/usr/bin/env bash
# Makes envs/pyfeat/.venv: py-feat and what it needs, beside the core environment's packages, which it sees too.
set -euo pipefail
cd "$(dirname "$0")/../.."
core=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
venv=envs/pyfeat/.venv
[ -x $venv/bin/python ] || .venv/bin/python -m venv --without-pip $venv
echo "$core" >"$($venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/core.pth"
echo "installing py-feat into $venv (a minute, once) ..."
# --no-deps: the lock is whole, and torch is the core's; else pip would bring GPU libraries that nothing here uses
.venv/bin/python -m pip --python $venv/bin/python --disable-pip-version-check -q install --no-deps -r envs/pyfeat/pyfeat.lock
touch $venv/.installed
