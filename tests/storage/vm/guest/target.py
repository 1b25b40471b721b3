# SPDX-License-Identifier: Apache-2.0
"""Asks cinder_lite's own target classes, as the service's user, inside the machine.

``target.py HELPER NAME_ID DEVICE STEPS`` does the steps, a JSON list of ``["set_up"]``,
``["connect", INITIATOR, "rw"|"ro"]``, ``["end", INITIATOR]`` and ``["remove"]``, and prints what
``connect`` returned, a JSON list.
"""

from __future__ import annotations

import json
import sys
import types

import cinder_lite.conf  # noqa: F401  (registers volume_name_template)
from cinder_lite.objects import Volume
from cinder_lite.volume import targets
from cinder_lite.volume.lvm.executor import Executor

HELPER = "sudo cinder-lite-rootwrap /etc/cinder_lite/rootwrap.conf"
SECRET = "CHAP somebody a-secret-of-16-c"


def main(helper: str, name_id: str, device: str, steps: str) -> None:
    """Do what the command line says."""
    configuration = types.SimpleNamespace(
        target_helper=helper,
        target_prefix="iqn.2010-10.org.openstack:",
        target_ip_address="10.0.2.15",
        target_secondary_ip_addresses=[],
        target_port=3260,
        use_chap_auth=False,
        volumes_dir="/var/lib/cinder_lite/targets",
        iscsi_write_cache="on",
        report_discard_supported=True,
    )
    target = targets.create(configuration, Executor(HELPER))
    volume = Volume(id=name_id, provider_auth=SECRET)
    infos = []
    for what, *words in json.loads(steps):
        if what == "set_up":
            target.set_up()
        elif what == "connect":
            connector = {"initiator": words[0], "mode": words[1]}
            infos.append(target.initialize_connection(volume, device, connector)["data"])
        elif what == "end":
            target.terminate_connection(volume, {"initiator": words[0]})
        else:
            target.terminate_connection(volume, None)
    print(json.dumps(infos))


if __name__ == "__main__":
    main(*sys.argv[1:])
