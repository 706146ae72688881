#!/usr/bin/env bash
# An environment holds the path where it was made, in its programs and in how it finds src: copied or moved with its
# checkout it runs the other one's code, or nothing. The Makefile runs this, to list such environments; envs/install.sh
# and envs/install_beside.sh source it.
made_in() { sed -n 's/^command = .* -m venv [^/]*//p' "$1/pyvenv.cfg" 2>/dev/null; }  # nothing where venv did not make it
is_moved() { local place; place=$(made_in "$1"); [ -n "$place" ] && ! [ "$place" -ef "$1" ]; }
if [ "$0" = "${BASH_SOURCE[0]}" ]; then
    for venv in .venv envs/*/.venv; do ! is_moved "$venv" || echo "$venv"; done
fi
