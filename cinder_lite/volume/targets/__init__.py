# SPDX-License-Identifier: Apache-2.0
"""How a block device of this node is exported over iSCSI.

:mod:`.base` says what all of them do, :mod:`.lio` asks the kernel's target through the helper
``cinder-lite-rtstool``, :mod:`.tgt` asks the daemon tgtd.
"""

from __future__ import annotations

from typing import Any

from cinder_lite.volume.lvm.executor import Executor
from cinder_lite.volume.targets.base import ISCSITarget


def create(configuration: Any, executor: Executor) -> ISCSITarget:
    """Return what ``target_helper`` names.

    :param configuration: the backend's options as attributes
    :param executor: runs commands as root
    """
    if configuration.target_helper == "lioadm":
        from cinder_lite.volume.targets.lio import LioTarget

        return LioTarget(configuration, executor)
    from cinder_lite.volume.targets.tgt import TgtTarget

    return TgtTarget(configuration, executor)
