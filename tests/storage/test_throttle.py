# SPDX-License-Identifier: Apache-2.0
"""The kernel of the machine (control groups of version 2) keeps the limit of a dd."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.storage.groups import Groups
from tests.storage.vm.machine import Machine

GROUP = "lab-small"
MEBIBYTES = 64

_COPY = """\
set -e
rm -f /run/control
mkfifo /run/control
runuser -u cinder -- sudo -n cinder-lite-rootwrap /etc/cinder_lite/rootwrap.conf cinder-lite-copy \
dd group=copies limit=1048576 if={source} of={target} count={bytes} bs=1048576 \
iflag=count_bytes,direct oflag=direct conv=notrunc,fsync status=progress </run/control >&2 &
exec 3>/run/control
until grep -q wbps /sys/fs/cgroup/copies/*/io.max 2>/dev/null; do
    kill -0 $!
    sleep 0.2
done
cat /sys/fs/cgroup/copies/*/io.max
cat /proc/$(cat /sys/fs/cgroup/copies/*/cgroup.procs)/comm
echo limit 0 >&3
wait $!
rm /run/control
test ! -e /sys/fs/cgroup/copies
"""


@pytest.fixture
def pair(machine: Machine, groups: Groups) -> Iterator[tuple[str, str]]:
    """Two logical volumes."""
    groups.make(GROUP)
    try:
        for name in ("source", "target"):
            machine.run("lvcreate", "-qq", "-y", "-L", f"{MEBIBYTES}M", "-n", name, GROUP)
        names = machine.run("realpath", f"/dev/{GROUP}/source", f"/dev/{GROUP}/target").out.split()
        yield names[0], names[1]
    finally:
        machine.run("lvremove", "-qq", "-f", GROUP, check=False)
        groups.remove(GROUP)


def test_a_dd_is_limited_while_it_runs(
    machine: Machine, groups: Groups, pair: tuple[str, str]
) -> None:
    """Both devices are; the limit may change; nothing is left of the group, and all is copied."""
    source, target = pair
    before = groups.fill(source, mebibytes=MEBIBYTES)
    names = {"source": source, "target": target, "bytes": str(MEBIBYTES * 1024**2)}
    *limits, program = machine.shell(_COPY.format(**names)).splitlines()
    numbers = [
        machine.run("lsblk", "-dno", "MAJ:MIN", path).out.strip() for path in (source, target)
    ]
    assert program == "dd"
    assert {line.split()[0] for line in limits} == set(numbers)
    said = {line.split()[0]: line for line in limits}
    assert "rbps=1048576 wbps=max" in said[numbers[0]]
    assert "rbps=max wbps=1048576" in said[numbers[1]]
    assert groups.digest(target) == before
