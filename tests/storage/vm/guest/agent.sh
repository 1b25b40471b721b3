#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# agent.sh [ADDRESS PORT CONSOLE]
#
# Lays out the services' settings, then runs the agent, which says on the console that the machine is ready.
set -e
cp -R /opt/cinder_lite/etc/. /etc/cinder_lite/
cp /opt/venv/etc/os-brick/rootwrap.d/*.filters /etc/cinder_lite/rootwrap.d/
cp /opt/cinder_lite/guest/*.service /run/systemd/system/
export PATH=/opt/cinder_lite/bin:/opt/venv/bin:$PATH LC_ALL=C.UTF-8
exec python3 -I /opt/cinder_lite/guest/agent.py "$@"
