#!/usr/bin/env bash
# Make .venv from the locks that envs/lock.py writes. `make` runs this; it may be interrupted and run again.
#   PYTHON=python3.12           the Python of a new .venv; by default the newest of `pythons` that has venv
#   MICROEXPR_TORCH=cpu|cuda    the build of torch; by default cuda where there is an NVIDIA driver, else cpu
# pip installs, since uv and poetry do not look where pip is configured to find packages.
set -euo pipefail
cd -P "$(dirname "$0")/.."
. envs/moved.sh
pythons=(python3.13 python3.12 python3.11)  # newest first
pytorch_index=https://download.pytorch.org/whl/cpu
declare -A disk=([cpu]=3000 [cuda]=7000)  # MB that an installation takes, rounded up; docs/installation.md

fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
is_supported() { [[ " ${pythons[*]} " == *" python$(version "$1") "* ]]; }
has_venv() { "$1" -c 'import venv, ensurepip' 2>/dev/null; }
loads() { "$python" -c "import ctypes; ctypes.CDLL('$1')" 2>/dev/null; }
has_nvidia_driver() { [ -e /proc/driver/nvidia/version ] || loads libcuda.so.1; }

check_path() {  # letters that end a path in PATH, or are no text in the first lines of pip's programs
    [[ $PWD != *[\"\$\\\`:[:cntrl:]]* ]] || fail "the path of a checkout must have no : \" \$ \\ \` or control character, not ${PWD@Q}: move it elsewhere"
}

choose_python() {  # PYTHON, or .venv's, or the newest
    local candidate candidates=("${pythons[@]}" python3) incomplete=()
    if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); elif is_supported .venv/bin/python; then candidates=(.venv/bin/python); fi
    for candidate in "${candidates[@]}"; do
        is_supported "$candidate" || continue
        if has_venv "$candidate"; then echo "$candidate"; return; fi
        incomplete+=("python$(version "$candidate")-venv")
    done
    [ ${#incomplete[@]} = 0 ] || fail "${candidates[0]} lacks venv: sudo apt install ${incomplete[0]}"
    fail "Python 3.11, 3.12 or 3.13 is needed, found $("${PYTHON:-python3}" --version 2>&1 | head -1): sudo apt install python3 python3-venv"
}

check_libraries() {  # what opencv-python loads
    local missing=()
    loads libGL.so.1 || missing+=(libgl1)
    loads libgthread-2.0.so.0 || missing+=(libglib2.0-0)
    [ ${#missing[@]} = 0 ] || fail "opencv-python needs libraries that are not here: sudo apt install ${missing[*]}"
}

check_disk() {
    local free; free=$(df -Pm .venv/ | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "${disk[$build]}" ] || fail "$PWD/.venv needs ${disk[$build]} MB for torch's $build build, and $free MB are free"
}

make_venv() {  # .venv/.installing stands there, locked, until an installation is complete
    local reason=
    mkdir -p .venv
    [ ! -e .venv/.installing ] || reason="an earlier installation was interrupted"
    exec 9>>.venv/.installing
    ! command -v flock >/dev/null || flock -n 9 || fail "another installation into $PWD/.venv is running"
    ! is_moved .venv || reason="it was made in $(made_in .venv), and works only there"
    if [ -e .venv/bin/python ] && [ "$(version .venv/bin/python)" != "$(version "$python")" ]; then
        reason="it has Python $(version .venv/bin/python || echo '(broken)')"
    fi
    if [ -n "$reason" ]; then
        echo "making .venv anew: $reason"
        python=$("$python" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))')
        find .venv/ -mindepth 1 -maxdepth 1 ! -name .installing -exec rm -rf {} +
    fi
    [ -x .venv/bin/python ] || { check_disk; "$python" -m venv .venv; }
}

pip=(.venv/bin/python -m pip --disable-pip-version-check install --progress-bar off --no-deps)  # the locks are complete
wheels=(--require-hashes --only-binary :all:)
report() { "$@" 2>"$logs/$1" || explain "$logs/$1"; }
explain() {  # what pip said, and what to do
    if grep -q '^Traceback' "$1"; then tail -1 "$1"; else grep -v '^WARNING\|^DEPRECATION' "$1" || true; fi >&2
    ! grep -q 'No space left' "$1" || fail "the disk is full: free some of $(df -Ph .venv/ "${TMPDIR:-/tmp}" | awk 'NR > 1 { print $6 }' | sort -u | paste -sd' '), or set TMPDIR and PIP_CACHE_DIR"
    fail "pip could not install the packages (above): without a network, or with one that drops out, run the same command again later"
}

install_cpu_torch() {  # from pip's configured index and links, else from where PyTorch publishes it
    local options=(-qq "${wheels[@]}" -r envs/torch-cpu.lock)
    "${pip[@]}" "${options[@]}" 2>"$logs/configured" ||
        "${pip[@]}" --timeout 15 --retries 1 --index-url "$pytorch_index" "${options[@]}" 2>"$logs/pytorch"
}

remove_cuda_packages() {  # 3 GB that an earlier CUDA build left
    local names; names=$(grep -oE '^(cuda|nvidia|triton)[^=]*' envs/torch-cuda.lock)
    # shellcheck disable=SC2086
    ! ls -d .venv/lib/python3.*/site-packages/nvidia >/dev/null 2>&1 || .venv/bin/python -m pip -qq uninstall -y $names
}

install_cuda_torch() {
    echo "torch, CUDA build: 3 GB to download"
    # === since == would accept, and prefer, the +cpu of a configured link
    sed 's/^torch==/torch===/' envs/torch-cuda.lock >"$logs/torch-cuda.lock"
    "${pip[@]}" "${wheels[@]}" -r "$logs/torch-cuda.lock" |
        { grep --line-buffered -oE 'Downloading .*\(([0-9]{3,}\.[0-9]+ MB|.*GB)\)' || true; }
}

install_torch() {
    if [ "$build" = cpu ]; then
        if install_cpu_torch; then remove_cuda_packages; echo "torch, CPU build: installed"; return; fi
        [ -z "${MICROEXPR_TORCH:-}" ] || { cat "$logs/configured" "$logs/pytorch" >&2; fail "torch's CPU build could not be installed"; }
        echo "torch's CPU build is not in pip's index and links, nor to be had from $pytorch_index: PyPI's takes its place"
        grep -hE 'DO NOT MATCH|No space left' "$logs/configured" "$logs/pytorch" || true
    fi
    report install_cuda_torch
}

install_rest() { "${pip[@]}" -qq "${wheels[@]}" -r "$logs/core-rest.lock"; }

install_source() {  # built by the setuptools of core.lock; the project itself is linked
    local options=(-qq --use-pep517 --no-build-isolation)
    "${pip[@]}" "${options[@]}" --require-hashes --no-binary :all: -r envs/source.lock &&
        "${pip[@]}" "${options[@]}" ./envs/dlib-from-bin -e .
}

install_dvc() {  # DVC by way of workflow/dvc_command.py, which lets no experiment delete a result
    # the first lines are as pip's where a path has blanks, or is longer than a line that begins with #! may be
    printf "#!/bin/sh\n'''exec' \"%s/bin/python\" \"\$0\" \"\$@\"\n' '''\n" "$(readlink -f .venv)" >.venv/bin/.dvc
    tail -n +2 envs/dvc >>.venv/bin/.dvc
    chmod 755 .venv/bin/.dvc && mv .venv/bin/.dvc .venv/bin/dvc
}

check_path
build=${MICROEXPR_TORCH:-}
[[ $build =~ ^(cpu|cuda)?$ ]] || fail "MICROEXPR_TORCH must be cpu or cuda, not $build"
python=$(choose_python)
[ -n "$build" ] || { has_nvidia_driver && build=cuda || build=cpu; }
check_libraries
make_venv
logs=$(mktemp -d .venv/.logs-XXXXXX)  # not below TMPDIR, which pip may fill
core=
trap '[ -z "$core" ] || kill "$core" 2>/dev/null; rm -rf "$logs"' EXIT
trap 'exit 130' INT TERM HUP
echo "installing the locks into .venv, $(.venv/bin/python --version), a few minutes, once ..."
# Unpacking takes most of the time, so two pips share it: two thirds of core.lock, and the rest with torch.
awk -v folder="$logs" '{ print > (folder "/" (NR % 3 ? "core.lock" : "core-rest.lock")) }' envs/core.lock
"${pip[@]}" -qq "${wheels[@]}" -r "$logs/core.lock" 2>"$logs/core" & core=$!
install_torch
report install_rest
wait "$core" || { core=; explain "$logs/core"; }
core=
report install_source
install_dvc
.venv/bin/python envs/compile_functions.py
.venv/bin/python -c 'import cv2, dlib, torch; print("torch", torch.__version__)'
mv .venv/.installing .venv/.installed
touch .venv/.installed  # newer than what it was made from
