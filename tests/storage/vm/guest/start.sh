#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by guest.service at the machine's boot: network and settings, then the agent, which says on the console
# that the machine is ready.
set -e
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
ip address add 10.0.2.16/24 dev eth0
cp -R /opt/cinder_lite/etc/. /etc/cinder_lite/
cp /opt/venv/etc/os-brick/rootwrap.d/*.filters /etc/cinder_lite/rootwrap.d/
cp /opt/cinder_lite/guest/*.service /run/systemd/system/
export PATH=/opt/cinder_lite/bin:/opt/venv/bin:$PATH LC_ALL=C.UTF-8
exec python3 -I /opt/cinder_lite/guest/agent.py
