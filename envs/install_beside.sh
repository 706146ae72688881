#!/usr/bin/env bash
# Make envs/NAME/.venv: the packages of NAME.lock next to the core environment's, which it sees too.
#   bash envs/install_beside.sh pyfeat|docs|facemesh
set -euo pipefail
cd -P "$(dirname "$0")/.."
. envs/moved.sh
packages() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
lock=envs/$1/$1.lock
venv=envs/$1/.venv
core=$(packages .venv/bin/python)
rm -f "$venv/.installed"
if [ -d "$venv" ] && [ ! -d "$venv/lib/$(basename "$(dirname "$core")")" ]; then
    echo "making $venv anew: .venv has another Python; files that you put there, as weights, are in $venv.old"
    rm -rf "$venv.old"
    mv "$venv" "$venv.old"
fi
again=()
if is_moved "$venv"; then  # the packages stay, with the weights that were put among them, and get new programs
    echo "making the programs of $venv again: it was made in $(made_in "$venv"), and works only there"
    rm -rf "$venv/bin" "$venv/pyvenv.cfg"
    again=(--force-reinstall)
fi
[ -x "$venv/bin/python" ] || .venv/bin/python -m venv --without-pip "$venv"
beside=$(packages "$venv/bin/python")
realpath -s --relative-to="$beside" "$core" >"$beside/core.pth"  # Python starts from the file's folder
echo "installing $lock into $venv (a minute, once) ..."
# --no-deps: the lock is complete, and torch of either build is the core's; === as in envs/install.sh
sed 's/^torchvision==/torchvision===/' "$lock" >"$venv/pins.txt"
.venv/bin/python -m pip --python "$venv/bin/python" --disable-pip-version-check -q install --progress-bar off \
    --no-deps --require-hashes --only-binary :all: "${again[@]}" -r "$venv/pins.txt" || {
    echo "error: pip could not install $lock (above): without a network, run the same command again later" >&2; exit 1; }
touch "$venv/.installed"
