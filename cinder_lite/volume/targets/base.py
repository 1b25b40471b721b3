# SPDX-License-Identifier: Apache-2.0
"""What every iSCSI target does: names, secrets, who may connect, and what the connector is told.

A volume has a target of its own with one logical unit. It exists while at least one initiator is
allowed to use it, and lets nobody else in: :meth:`ISCSITarget.create_export` only settles the
name and the secret, :meth:`ISCSITarget.initialize_connection` lets the connector's initiator in,
and when the last one is out, the target goes.
"""

from __future__ import annotations

import abc
import dataclasses
import ipaddress
import re
import secrets
import string
from typing import Any

from cinder_lite import exception
from cinder_lite.objects import Snapshot, Volume
from cinder_lite.volume.lvm.executor import Executor

_NAME = re.compile(r"(iqn|eui|naa)\.[A-Za-z0-9][A-Za-z0-9.:_-]{0,218}")
"""iSCSI names (RFC 3720, 3.2.6), without characters that no initiator's default name has."""
_LETTERS = string.ascii_letters + string.digits
_USER_LETTERS, _SECRET_LETTERS = 20, 16
"""CHAP: some initiators take no secret longer than 16 characters, none shorter than 12."""
_PORTAL_GROUP = 1


@dataclasses.dataclass(frozen=True)
class Chap:
    """CHAP credentials of a volume, the same for all of its initiators."""

    username: str
    password: str = dataclasses.field(repr=False)

    @classmethod
    def of(cls, volume: Exported) -> Chap | None:
        """Return the credentials that a volume's row keeps, None for none."""
        words = (volume.provider_auth or "").split()
        return cls(words[1], words[2]) if len(words) == 3 and words[0] == "CHAP" else None

    @classmethod
    def random(cls) -> Chap:
        """Return new credentials.

        They begin with a letter: where ``0x`` or ``0b`` begins a value it is a number (RFC 7143,
        6.1), and LIO never lets a user of such a name in.
        """
        user, secret = (
            secrets.choice(string.ascii_letters)
            + "".join(secrets.choice(_LETTERS) for _ in range(count - 1))
            for count in (_USER_LETTERS, _SECRET_LETTERS)
        )
        return cls(user, secret)

    @property
    def column(self) -> str:
        """What ``provider_auth`` keeps."""
        return f"CHAP {self.username} {self.password}"


Exported = Volume | Snapshot
"""What a target is made for; a snapshot where a volume is spoken of is one as well."""


class ISCSITarget(abc.ABC):
    """Exports volumes over iSCSI.

    :param configuration: the backend's options as attributes
    :param executor: runs commands as root
    """

    LUN = 0
    """The number of a volume's logical unit."""

    def __init__(self, configuration: Any, executor: Executor) -> None:
        self._conf = configuration
        self._executor = executor

    # --- what the kinds of targets do --------------------------------------------------------

    @abc.abstractmethod
    def set_up(self) -> None:
        """Check that volumes can be exported, and restore exports that the node has lost.

        :raises VolumeBackendAPIException: the sentence tells the operator what to mend
        """

    @abc.abstractmethod
    def allow(self, iqn: str, device: str, initiator: str, chap: Chap, *, read_only: bool) -> str:
        """Let an initiator use a device; the target is made if it is missing.

        :returns: the name of the target to log in to, which may be another one for a read-only use
        """

    @abc.abstractmethod
    def deny(self, iqn: str, initiator: str) -> None:
        """Let an initiator out; when it was the last, remove the target."""

    @abc.abstractmethod
    def remove(self, iqn: str) -> None:
        """Remove a target, whoever uses it; one that is absent is removed already."""

    def check_resizable(self, iqn: str) -> None:  # noqa: B027  (most find out by themselves)
        """Check that the device of a target, which may not exist, may grow; called before it does.

        :raises VolumeBackendAPIException: initiators could not be told
        """

    # --- what drivers use --------------------------------------------------------------------

    def iqn(self, volume: Exported) -> str:
        """Return the name of a volume's target."""
        return f"{self._conf.target_prefix}{volume.name}"

    def portals(self) -> list[str]:
        """Return where the targets listen, as ``address:port``; the first is the primary one."""
        addresses = [self._conf.target_ip_address, *self._conf.target_secondary_ip_addresses]
        return [_portal(address, self._conf.target_port) for address in addresses]

    def create_export(self, volume: Exported) -> dict[str, Any]:
        """Settle a volume's target name and secret; nobody can connect yet.

        :returns: ``provider_location`` and ``provider_auth`` of the volume's row
        """
        chap = self._configured_chap() or Chap.of(volume) or Chap.random()
        return {
            "provider_location": f"{';'.join(self.portals())},{_PORTAL_GROUP} {self.iqn(volume)} "
            f"{self.LUN}",
            "provider_auth": chap.column,
        }

    def initialize_connection(
        self, volume: Exported, device: str, connector: dict[str, Any]
    ) -> dict[str, Any]:
        """Let a node use a volume.

        :param device: path of the volume's device
        :param connector: the node, as os-brick's ``get_connector_properties`` tells; with ``mode``
            ``ro`` it can not write
        :returns: what os-brick's iSCSI connector takes
        :raises InvalidInput: the node has no initiator
        :raises VolumeBackendAPIException: the target refuses
        """
        initiator = _initiator(volume, connector)
        chap = Chap.of(volume)
        if chap is None:
            raise exception.VolumeBackendAPIException(
                data=f"volume {volume.id} has no CHAP secret: it was not exported."
            )
        read_only = connector.get("mode") == "ro"
        iqn = self.allow(self.iqn(volume), device, initiator, chap, read_only=read_only)
        data = self._properties(volume, iqn, chap, bool(connector.get("multipath")))
        return {
            "driver_volume_type": "iscsi",
            "data": {**data, "access_mode": "ro" if read_only else "rw"},
        }

    def terminate_connection(self, volume: Exported, connector: dict[str, Any] | None) -> None:
        """End a node's use of a volume, or with None everybody's."""
        if connector is None:
            self.remove(self.iqn(volume))
        elif connector.get("initiator"):
            self.deny(self.iqn(volume), _initiator(volume, connector))

    def _properties(
        self, volume: Exported, iqn: str, chap: Chap, multipath: bool
    ) -> dict[str, Any]:
        portals = self.portals()
        properties: dict[str, Any] = {
            "target_discovered": False,
            "target_portal": portals[0],
            "target_iqn": iqn,
            "target_lun": self.LUN,
            "volume_id": volume.volume_id if isinstance(volume, Snapshot) else volume.id,
            "auth_method": "CHAP",
            "auth_username": chap.username,
            "auth_password": chap.password,
            "encrypted": bool(volume.encryption_key_id),
            "qos_specs": None,
        }
        if multipath or len(portals) > 1:
            properties["target_portals"] = portals
            properties["target_iqns"] = [iqn] * len(portals)
            properties["target_luns"] = [self.LUN] * len(portals)
        if self._conf.report_discard_supported:
            properties["discard"] = True
        return properties

    def _configured_chap(self) -> Chap | None:
        conf = self._conf
        if conf.use_chap_auth and conf.chap_username and conf.chap_password:
            return Chap(conf.chap_username, conf.chap_password)
        return None


def _initiator(volume: Exported, connector: dict[str, Any]) -> str:
    """Return the name of a node's initiator, in lower case, as the protocol compares it."""
    name = str(connector.get("initiator") or "")
    if not name:
        raise exception.InvalidInput(
            reason=f"volume {volume.id} can not be connected to "
            f"{connector.get('host') or 'a node'}: "
            "that node has no iSCSI initiator name."
        )
    if not _NAME.fullmatch(name):
        raise exception.InvalidInput(
            reason=f"volume {volume.id} can not be connected: {name!r} is no iSCSI initiator name."
        )
    return name.lower()


def _portal(address: str, port: int) -> str:
    """Return ``address:port``, with an IPv6 address in brackets."""
    bare = address.strip("[]")
    try:
        version = ipaddress.ip_address(bare).version
    except ValueError:
        return f"{address}:{port}"
    return f"[{bare}]:{port}" if version == 6 else f"{bare}:{port}"
