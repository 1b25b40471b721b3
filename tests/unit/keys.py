# SPDX-License-Identifier: Apache-2.0
"""A key manager in memory, where keys belong to projects as in Barbican."""

from __future__ import annotations

import os
import uuid
from typing import Any

from castellan.common import exception
from castellan.common.objects import symmetric_key

from cinder_lite.context import RequestContext


class Keys:
    """Stands in for castellan's key manager; counts on what callers do, not on who they say."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str | None, Any]] = {}
        """Project and key by id."""
        self.fails: set[str] = set()
        """Names of the methods that fail."""
        self.service = RequestContext(
            user_id="service", project_id="service", auth_token="s", is_admin=True, overwrite=False
        )

    def create_key(self, context: Any, algorithm: str, length: int) -> str:
        """Make a key."""
        self._check("create_key")
        made = symmetric_key.SymmetricKey(algorithm, length, os.urandom(length // 8))
        return self._keep(context, made)

    def store(self, context: Any, managed_object: Any) -> str:
        """Keep a key."""
        self._check("store")
        return self._keep(context, managed_object)

    def get(self, context: Any, managed_object_id: str) -> Any:
        """Return a key of the caller's project."""
        self._check("get")
        return self._find(context, managed_object_id)[1]

    def delete(self, context: Any, managed_object_id: str) -> None:
        """Delete a key of the caller's project."""
        self._check("delete")
        self._find(context, managed_object_id)
        del self.kept[managed_object_id]

    def secret(self, key_id: str | None) -> bytes:
        """Return the key itself."""
        return bytes(self.kept[str(key_id)][1].get_encoded())

    def owner(self, key_id: str | None) -> str | None:
        """Return the project of a key."""
        return self.kept[str(key_id)][0]

    def _keep(self, context: Any, key: Any) -> str:
        key_id = str(uuid.uuid4())
        self.kept[key_id] = (context.project_id, key)
        return key_id

    def _find(self, context: Any, key_id: str) -> tuple[str | None, Any]:
        if key_id not in self.kept:
            raise exception.ManagedObjectNotFoundError(uuid=key_id)
        if self.kept[key_id][0] != context.project_id:
            raise exception.Forbidden()
        return self.kept[key_id]

    def _check(self, method: str) -> None:
        if method in self.fails:
            raise exception.KeyManagerError(reason="no room for secrets, said host 10.1.1.1")
