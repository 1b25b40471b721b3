# SPDX-License-Identifier: Apache-2.0
"""LIO, the kernel's iSCSI target, asked through ``cinder-lite-rtstool``."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.volume.lvm.executor import Executor
from cinder_lite.volume.targets.base import Chap, Exported, ISCSITarget

LOG = logging.getLogger(__name__)

_TREE = pathlib.Path("/sys/kernel/config/target")
"""Where the kernel shows its targets, to everybody."""
_NUMBER = re.compile("0[xb]", re.IGNORECASE)
"""Begins values that are numbers (RFC 7143, 6.1); the kernel refuses users of such names."""


class LioTarget(ISCSITarget):
    """Targets of the kernel. They outlive this service; the helper saves them for the next boot.

    ``iscsi_write_cache`` has no effect: LIO tells initiators of the device's own cache.
    """

    LUN = 0

    def __init__(self, configuration: Any, executor: Executor) -> None:
        super().__init__(configuration, executor)
        self._saved_only: set[str] = set()
        """Names of targets that may be saved, though the kernel has nothing of them."""

    def set_up(self) -> None:
        """Restore the targets that were saved and do not serve, as after a boot.

        :raises VolumeBackendAPIException: nobody could log in, or the helper does not work
        """
        if self._conf.use_chap_auth and _NUMBER.match(self._conf.chap_username or ""):
            raise exception.VolumeBackendAPIException(
                data=f"chap_username {self._conf.chap_username!r} begins like a number: "
                "LIO lets no user of such a name in."
            )
        answer = json.loads(self._run("restore", self._conf.target_prefix))
        self._saved_only = set(answer["errors"])
        for iqn, error in answer["errors"].items():
            LOG.warning("The target %s could not be restored: %s", iqn, error)

    def create_export(self, volume: Exported) -> dict[str, Any]:
        """Settle name and secret; what is stored and can not work gives way to what can."""
        stored = Chap.of(volume)
        if stored is not None and _NUMBER.match(stored.username):
            volume = volume.replace(provider_auth=None)
        return super().create_export(volume)

    def allow(self, iqn: str, device: str, initiator: str, chap: Chap, *, read_only: bool) -> str:
        """Make the target if it is missing, and an entry for the initiator."""
        self._run(
            "connect",
            device,
            iqn,
            initiator,
            f"portals={','.join(self.portals())}",
            f"discard={int(bool(self._conf.report_discard_supported))}",
            f"mode={'ro' if read_only else 'rw'}",
            data=json.dumps({"username": chap.username, "password": chap.password}),
        )
        return iqn

    def deny(self, iqn: str, initiator: str) -> None:
        """Remove the initiator's entry, and the target when no entry is left."""
        self._end("disconnect", iqn, initiator)

    def remove(self, iqn: str) -> None:
        """Remove the target and its entries; sessions end."""
        self._end("delete", iqn)

    def _end(self, command: str, iqn: str, *words: str) -> None:
        if iqn in self._saved_only or _present(iqn):
            self._saved_only.add(iqn)  # should this fail half-way
            self._run(command, iqn, *words)
            self._saved_only.discard(iqn)

    def _run(self, *words: str, data: str | None = None) -> str:
        return self._executor.root("cinder-lite-rtstool", *words, data=data)


def _present(iqn: str) -> bool:
    """Tell whether there is anything of a target: most volumes that are deleted have none."""
    return (_TREE / "iscsi" / iqn).exists() or any(_TREE.glob(f"core/*/{iqn}"))
