# SPDX-License-Identifier: Apache-2.0
"""A backend that only remembers whom it let in, and the volume service in front of it."""

from __future__ import annotations

import dataclasses
import types
from typing import Any

from cinder_lite import context as request_context
from cinder_lite import exception
from cinder_lite.context import RequestContext
from cinder_lite.objects import Volume
from cinder_lite.volume import exports
from cinder_lite.volume.attachments import host
from cinder_lite.volume.attachments.actions import AttachActions
from cinder_lite.volume.attachments.api import AttachmentAPI
from tests.unit import rows

SERVER = "5e4e0000-0000-0000-0000-000000000001"
OTHER_SERVER = "5e4e0000-0000-0000-0000-000000000002"


def connector(node: str, **more: Any) -> dict[str, Any]:
    """Return what a compute host says of itself."""
    return {"host": node, "initiator": f"iqn.2026-01.test:{node}", "ip": "127.0.0.1", **more}


class Driver:
    """Keeps who may use which volume."""

    def __init__(self) -> None:
        self.let_in: dict[str, set[str]] = {}
        self.exported: set[str] = set()
        self.error: Exception | None = None
        self.modes: list[str] = []

    def create_export(self, _context: Any, volume: Volume, asked: dict[str, Any]) -> None:
        """Export."""
        self.exported.add(volume.id)

    def initialize_connection(self, volume: Volume, asked: dict[str, Any]) -> dict[str, Any]:
        """Let a node in."""
        if self.error is not None:
            raise self.error
        self.let_in.setdefault(volume.id, set()).add(asked["host"])
        self.modes.append(asked["mode"])
        data = {"target_lun": 0, "auth_password": "hush", "auth_username": "user"}
        return {"driver_volume_type": "iscsi", "data": data}

    def terminate_connection(
        self, volume: Volume, asked: dict[str, Any] | None, force: bool = False
    ) -> None:
        """Let a node out, or all of them."""
        if self.error is not None:
            raise self.error
        if asked is None:
            self.let_in.pop(volume.id, None)
        else:
            self.let_in.get(volume.id, set()).discard(asked["host"])

    def remove_export(self, _context: Any, volume: Volume) -> None:
        """Export no more."""
        self.exported.discard(volume.id)


@dataclasses.dataclass
class Place:
    """The API and the volume service, without a broker between them."""

    driver: Driver = dataclasses.field(default_factory=Driver)
    context: RequestContext = dataclasses.field(default_factory=request_context.admin_context)

    def __post_init__(self) -> None:
        configuration = types.SimpleNamespace(report_discard_supported=False)
        self.backend: Any = types.SimpleNamespace(
            driver=self.driver, configuration=configuration, service_host="one@file"
        )
        self.attachments = AttachmentAPI(lambda: self)  # type: ignore[arg-type, return-value]
        self.actions = AttachActions(lambda: self)  # type: ignore[arg-type, return-value]

    # --- what rpcapi.VolumeAPI offers ------------------------------------------------------

    def attachment_update(
        self, context: RequestContext, volume: Volume, asked: dict[str, Any], attachment_id: str
    ) -> dict[str, Any]:
        """Let a node in."""
        return host.update(self.backend, context, volume.id, asked, attachment_id)

    def attachment_delete(
        self, context: RequestContext, volume: Volume, attachment_id: str
    ) -> None:
        """Let a node out."""
        host.delete(self.backend, context, volume.id, attachment_id)

    def detach_volume(
        self, context: RequestContext, volume: Volume, attachment_id: str | None
    ) -> None:
        """End an old-style attachment."""
        host.detach(self.backend, context, volume.id, attachment_id)

    def initialize_connection(
        self, context: RequestContext, volume: Volume, asked: dict[str, Any]
    ) -> dict[str, Any]:
        """Let a node in, old style."""
        return exports.initialize(self.backend, context, volume.id, asked)

    def terminate_connection(
        self, context: RequestContext, volume: Volume, asked: dict[str, Any] | None, *, force: bool
    ) -> None:
        """Let a node out, old style."""
        exports.terminate(self.backend, context, volume.id, asked, force=force)

    # --- what tests do ---------------------------------------------------------------------

    def volume(self, **values: Any) -> Volume:
        """Create a volume."""
        return rows.volume(**values)

    def attached(self, volume: Volume, server: str = SERVER, node: str = "compute1") -> str:
        """Attach a volume to a server as Nova does; returns the attachment's id."""
        made = self.attachments.create(self.context, volume, server)
        self.attachments.update(self.context, made, connector(node, mountpoint="/dev/vdb"))
        self.attachments.complete(self.context, made)
        return made.id


def failure() -> exception.VolumeBackendAPIException:
    """Return what a backend raises that can not."""
    return exception.VolumeBackendAPIException(data="the array is on fire.")
