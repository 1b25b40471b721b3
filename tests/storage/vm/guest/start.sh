#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by guest.service at the virtual machine's boot: its network, and then the agent.
set -e
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
ip address add 10.0.2.16/24 dev eth0
exec sh /opt/cinder_lite/guest/agent.sh
