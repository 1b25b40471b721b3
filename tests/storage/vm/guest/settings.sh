#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run as root, in a Debian with /opt/venv: the user of the volume services, what that one may do as root, and
# the services' directories. May be run again.
set -e
id cinder >/dev/null 2>&1 ||
    useradd --system --home-dir /var/lib/cinder_lite --create-home --shell /bin/bash cinder
umask 077
printf '%s\n' \
    'Defaults secure_path="/opt/cinder_lite/bin:/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"' \
    'cinder ALL = (root) NOPASSWD: /opt/cinder_lite/bin/cinder-lite-rootwrap /etc/cinder_lite/rootwrap.conf *' \
    >/etc/sudoers.d/cinder
chmod 440 /etc/sudoers.d/cinder
umask 022
packages=$(/opt/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')
printf '/opt/cinder_lite/lib\n' >"$packages/tree.pth"
mkdir -p /opt/cinder_lite /etc/target /etc/cinder_lite /var/log/cinder_lite
chown cinder: /var/log/cinder_lite
