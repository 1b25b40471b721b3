# SPDX-License-Identifier: Apache-2.0
# Sourced by the scripts of this directory: a quiet environment, system packages, virtual environments.
# shellcheck shell=bash

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly TREE

export LC_ALL=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
unset PYTHONPATH PYTHONHOME

# A shell without HOME (cron, containers) still needs a place for caches.
if [ -z "${HOME:-}" ]; then
    HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
    export HOME
fi
if [ -n "${XDG_CACHE_HOME:-}" ]; then
    CACHE=$XDG_CACHE_HOME/cinder_lite
elif [ -n "$HOME" ] && [ -w "$HOME" ]; then
    CACHE=$HOME/.cache/cinder_lite
else
    CACHE=${TMPDIR:-/tmp}/cinder_lite-$(id -u)
fi
readonly CACHE
export XDG_CACHE_HOME=${CACHE%/cinder_lite}

say() { printf '%s\n' "==> $*" >&2; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# The command prefix that makes us root; fails where we can not be without asking a person.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
        sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

can_install() { command -v apt-get >/dev/null && as_root true; }

POLICY=/usr/sbin/policy-rc.d

# While packages are installed no service may start by itself: the tests start their own servers.
forbid_services() {
    [ ! -e "$POLICY" ] || as_root mv "$POLICY" "$POLICY.cinder_lite"
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}
allow_services() {
    as_root rm -f "$POLICY"
    [ ! -e "$POLICY.cinder_lite" ] || as_root mv "$POLICY.cinder_lite" "$POLICY"
}

# apt_install PACKAGE...: fails with a sentence where apt can not be used.
apt_install() {
    can_install || die "These packages are missing: $*. Install them, for example by: sudo apt-get install $*"
    say "installing $* with apt"
    local log status=0
    log=$(mktemp)
    (
        trap allow_services EXIT
        trap 'exit 130' INT TERM
        forbid_services
        export DEBIAN_FRONTEND=noninteractive
        as_root apt-get update -q &&
            as_root apt-get install -y -q --no-install-recommends "$@"
    ) </dev/null >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        tail -n 25 "$log" >&2
        rm -f "$log"
        die "apt could not install $*."
    fi
    rm -f "$log"
}

# find_python: sets PYTHON to the first interpreter that is new enough.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        command -v "$candidate" >/dev/null || continue
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || continue
        PYTHON=$(command -v "$candidate")
        return
    done
    die "Python 3.11 or newer is needed; none of ${PYTHON:-} python3 python3.13 python3.12 python3.11 is."
}

# make_venv NAME EXTRAS: sets VENV to a virtual environment with this tree installed in it (editable)
# at the versions of constraints.txt. It is kept outside the tree and made anew when anything that
# decides its content has changed.
make_venv() {
    local name=$1 extras=$2 key
    find_python
    key=$(
        {
            cat "$TREE/setup.cfg" "$TREE/pyproject.toml" "$TREE/tools/constraints.txt"
            "$PYTHON" -c 'import sys; print(sys.version, sys.prefix)'
            printf '%s\n' "$TREE" "$extras"
        } | sha256sum | cut -c1-12
    )
    VENV=$CACHE/$name-$key
    mkdir -p "$CACHE"
    exec 9>"$VENV.lock"
    flock 9
    if [ ! -e "$VENV/ready" ]; then
        say "making the virtual environment $VENV (about a minute)"
        rm -rf "$VENV"
        if ! "$PYTHON" -m venv "$VENV" >/dev/null 2>&1; then
            rm -rf "$VENV"
            apt_install python3-venv
            "$PYTHON" -m venv "$VENV" || die "$PYTHON can not make virtual environments."
        fi
        if ! fill_venv "$extras" >"$VENV/install.log" 2>&1; then
            tail -n 25 "$VENV/install.log" >&2
            rm -rf "$VENV"
            die "pip could not install what the tree needs."
        fi
        printf '%s\n' "$TREE" >"$VENV/ready"
    fi
    touch "$VENV/ready"
    forget_old_venvs "$name"
    flock -u 9
    exec 9>&-
}

# Environments of this tree that nobody has used for a week, and those whose tree is gone.
forget_old_venvs() {
    local ready tree
    for ready in "$CACHE/$1"-*/ready; do
        [ "$ready" != "$VENV/ready" ] || continue
        tree=$(cat "$ready")
        if [ ! -d "$tree" ] || [ -n "$(find "$ready" -mtime +7)" ]; then
            rm -rf "${ready%/ready}" "${ready%/ready}.lock"
        fi
    done
}

fill_venv() {
    "$VENV/bin/python" -m pip install -q -c "$TREE/tools/constraints.txt" pip setuptools wheel </dev/null &&
        "$VENV/bin/python" -m pip install -q -c "$TREE/tools/constraints.txt" \
            --no-build-isolation -e "$TREE[$1]" </dev/null
}
