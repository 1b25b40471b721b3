#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# quickstart.sh [IMAGE] [--keep]
#
# A first look at cinder_lite on one machine, without root, broker or database server: starts
# cinder-lite-standalone with two file backends, creates a volume, fills it (with IMAGE, or else with a
# file system that holds this project's own files), moves it to the other backend and back, and
# compares the data. --keep leaves the services running and says how to use and how to stop them.
# The virtual environment is kept under ~/.cache/cinder_lite.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

for word in "$@"; do
    case "$word" in
        -h | --help) sed -n '3,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    esac
done

make_venv quickstart clients
export PYTHONPATH=$TREE
exec "$VENV/bin/python" -m tools.quickstart --scratch "$CACHE" "$@"
