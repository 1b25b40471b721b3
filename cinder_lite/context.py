# SPDX-License-Identifier: Apache-2.0
"""Who asks, for which project, and under which request id."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from oslo_context import context


class RequestContext(context.RequestContext):
    """The caller of one request, carried through every RPC message and log line.

    :param is_admin: None asks the policy's ``admin_api`` rule once, at the first look
    :param service_catalog: the image service's entry in the caller's catalogue
    :param read_deleted: ``no``, ``yes`` or ``only``: which rows queries may see
    """

    def __init__(
        self,
        *,
        read_deleted: str = "no",
        remote_address: str | None = None,
        service_catalog: Sequence[dict[str, Any]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.read_deleted = read_deleted
        self.remote_address = remote_address
        self.service_catalog = list(service_catalog)

    def to_dict(self) -> dict[str, Any]:
        """Return what an RPC message carries."""
        values = super().to_dict()
        values["read_deleted"] = self.read_deleted
        values["remote_address"] = self.remote_address
        values["service_catalog"] = self.service_catalog
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any], **kwargs: Any) -> RequestContext:
        """Build a context from what :meth:`to_dict` returned."""
        kwargs.setdefault("read_deleted", values.get("read_deleted", "no"))
        kwargs.setdefault("remote_address", values.get("remote_address"))
        kwargs.setdefault("service_catalog", values.get("service_catalog") or ())
        return super().from_dict(values, **kwargs)

    def may_see(self, project_id: str | None, *, deleted: bool) -> bool:
        """Tell whether a row of that project shows up in this request's queries."""
        if deleted and self.read_deleted == "no":
            return False
        return bool(self.is_admin) or project_id == self.project_id

    def elevated(self) -> RequestContext:
        """Return a copy of this context with the administrator's rights."""
        other = copy.copy(self)
        other.__dict__.pop("_policy_who", None)  # who that is, it is no more
        other.is_admin = True
        other.roles = [*self.roles, "admin"] if "admin" not in self.roles else list(self.roles)
        return other


def admin_context() -> RequestContext:
    """Return a context for work that no user asked for (periodic tasks, recovery)."""
    return RequestContext(is_admin=True, roles=["admin"], overwrite=False)
