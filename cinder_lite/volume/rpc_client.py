# SPDX-License-Identifier: Apache-2.0
"""How the clients of the volume services find one, cast to it and call it."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from cinder_lite import host as host_name
from cinder_lite import rpc
from cinder_lite.context import RequestContext

CONF = cfg.CONF


class Client:
    """Reaches ``<volume_topic>.<host@backend>``."""

    RPC_API_VERSION = "1.0"

    def __init__(self) -> None:
        self._client = rpc.client(CONF.volume_topic, self.RPC_API_VERSION)

    def _to(self, host: str | None) -> rpc.Client:
        service = host_name.service_of(host or "")
        server = host_name.parse(service).host
        return self._client.prepare(topic=f"{CONF.volume_topic}.{service}", server=server)

    def _call(self, host: str | None, ctxt: RequestContext, method: str, **arguments: Any) -> Any:
        who = f"The volume service {host_name.service_of(host or '')}"
        return rpc.call(self._to(host), who, ctxt, method, **arguments)
