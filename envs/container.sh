#!/usr/bin/env bash
# What both images are made by, inside of them and as root: the locked environment in /opt/venv, for a checkout at /project.
set -euo pipefail
cd /project
apt-get update -q
apt-get install -y -q --no-install-recommends git libgl1 libglib2.0-0
rm -rf /var/lib/apt/lists/*
useradd --uid 1000 microexpr
python3 -m venv /opt/venv
ln -sfn /opt/venv .venv  # where a mounted checkout has its own, or none
PIP_NO_CACHE_DIR=1 bash envs/install.sh
chown -R microexpr: /project
