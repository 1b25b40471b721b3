#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run_tests.sh [all|style|unit|functional|storage|tempest|nova|fuzz] [pytest arguments...]
#
#   (nothing)   style checks, unit and functional tests, and for root the storage tests but the slow ones
#   style       ruff, mypy, the scripts, the generated samples
#   unit        unit tests: no root, no servers
#   functional  tests with real RabbitMQ, MariaDB and PostgreSQL on free loopback ports
#   storage     tests with LVM, LIO and iSCSI in a virtual machine; needs root (about an hour). With --native on this
#               machine itself, which is there for nothing else, if its kernel has device-mapper and LIO
#   tempest     OpenStack's own tests of the Volume API, with real Keystone and Glance (five to ten minutes)
#   nova        volumes in use by servers of a real Nova, with Placement, Keystone and Glance (some minutes)
#   fuzz        requests made of the OpenAPI description, by the ten thousand (five to fifteen minutes)
#   all         everything, storage, tempest, nova and fuzz included
#
# Python packages go to a virtual environment under ~/.cache/cinder_lite, system packages (bindep.txt) are
# installed with apt where root or a password-less sudo allows it. Nothing else of the machine is changed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$TREE"

usage() { sed -n '3,17s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

what=default
case "${1:-}" in
    all | style | unit | functional | storage | tempest | nova | fuzz) what=$1; shift ;;
    -h | --help) usage; exit 0 ;;
esac

# Packages of bindep.txt that are missing, as apt names them.
install_system_packages() {
    local missing
    missing=$("$VENV/bin/bindep" -b "$@" 2>/dev/null) && return
    [ -n "$missing" ] || die "bindep could not read bindep.txt."
    # shellcheck disable=SC2086  # one word per package
    apt_install $missing
}

style() {
    say "style"
    "$VENV/bin/python" tools/check_style.py
}

choice=()
profiles=()
case "$what" in
    default)
        directories=(tests/unit tests/functional)
        choice=(-m "not slow")
        profiles=(test)
        if [ "$(id -u)" = 0 ]; then
            directories+=(tests/storage)
            profiles+=(storage)
        else
            say "the storage tests need root, and are left out"
        fi
        ;;
    all) directories=(tests/unit tests/functional tests/storage tests/tempest tests/nova tests/fuzz) ;;
    style) directories=() ;;
    *) directories=("tests/$what") ;;
esac

make_venv tests test,style
export PATH=$VENV/bin:$PATH
case "$what" in
    all | storage) profiles=(test storage) ;;
    functional | tempest | nova | fuzz) profiles=(test) ;;
esac
case " $* " in
    *" --native "*) profiles=(test native) ;;
esac
if [ "${#profiles[@]}" -gt 0 ]; then
    install_system_packages "${profiles[@]}"
    export CINDER_LITE_REQUIRE_SERVERS=1
fi
case "$what" in
    default | all | style) style ;;
esac
[ "${#directories[@]}" -gt 0 ] || exit 0
exec "$VENV/bin/python" -m pytest "${directories[@]}" "${choice[@]}" "$@" </dev/null
