# SPDX-License-Identifier: Apache-2.0
"""What must not be there any more: one check for all tests."""

from __future__ import annotations

from collections.abc import Collection

from tests.functional.harness.process import HarnessError, wait_until
from tests.storage.vm.client import Client

CLEAN_SECONDS = 60.0

_LOOK = """\
set -u
shopt -s nullglob
lvs --noheadings -o lv_attr,vg_name,lv_name --separator ' ' | while read -r kind group name; do
    [ "${kind:0:1}" = t ] || echo "logical volume $group/$name"
done
for path in /sys/kernel/config/target/iscsi/iqn.*; do echo "LIO target ${path##*/}"; done
for path in /sys/kernel/config/target/core/*_*/*/udev_path; do
    path=${path%/udev_path}; echo "LIO backstore ${path##*/}"
done
for path in /sys/class/iscsi_session/*; do echo "iSCSI session $(cat "$path/targetname")"; done
for path in /etc/iscsi/nodes/*; do echo "iSCSI node record ${path##*/}"; done
for path in /sys/class/block/sd*; do
    [[ $(readlink "$path") != */session* ]] || echo "SCSI disk ${path##*/}"
done
known=$(lvs -a --noheadings -o lv_dm_path)
dmsetup ls | sed -nE 's/[[:space:]].*//; /^No$/d; /-(tpool|cow|real)$/!p' | while read -r name; do
    grep -q "/$name *\\$" <<<"$known" || echo "device mapping $name"
done
dmsetup ls --target crypt | grep -v 'No devices' | sed 's/^/encrypted mapping /'
if pgrep -x tgtd >/dev/null; then
    tgtadm --lld iscsi --mode target --op show | sed -n 's/^Target [0-9]*: /tgt target /p'
fi
find /dev -xtype l ! -path '/dev/char/*' | sed 's/^/dead link /'
ps -e -o comm=,pid=,args= | sed -nE '/^(dd|qemu-img|nbdcopy|lvcreate|lvremove) /s/^/process /p'
pgrep -a -f cinder_lite[./]volume[./]copy | sed 's/^/process /'
true
"""


def look(machine: Client, expected: Collection[str] = ()) -> list[str]:
    """Name everything of volumes and of their use that is in the machine, thin pools left out.

    :param expected: logical volumes that shall be there
    """
    lines = machine.run("bash", "-c", _LOOK).out.splitlines()
    known = {f"logical volume {name}" for name in expected}
    return [line for line in lines if line not in known]


def nothing_left(
    machine: Client, expected: Collection[str] = (), timeout: float = CLEAN_SECONDS
) -> None:
    """Check that nothing is left but the expected logical volumes (``group/name``).

    :param timeout: seconds that the services have for their tidying
    :raises HarnessError: something is still there, or an expected volume is not
    """
    left: list[str] = []

    def clean() -> bool:
        left[:] = look(machine, expected)
        return not left

    try:
        wait_until(clean, timeout, "the clean-up", interval=0.5)
    except HarnessError as error:
        raise HarnessError(f"{error}; left: {left}") from None
    gone = set(expected) - {
        line.removeprefix("logical volume ")
        for line in look(machine)
        if line.startswith("logical volume ")
    }
    if gone:
        raise HarnessError(f"these logical volumes are gone: {sorted(gone)}")
