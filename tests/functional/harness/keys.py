# SPDX-License-Identifier: Apache-2.0
"""A key manager that all services of a deployment share: a file for each key."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from castellan.common import exception
from castellan.common.objects import symmetric_key, x_509
from oslo_config import cfg

BACKEND = "tests.functional.harness.keys.DirectoryKeyManager"
"""Value of ``[key_manager] backend``."""
_CERTIFICATE = ".der"


def kept(state: Path) -> dict[str, bytes]:
    """Return the keys of a deployment by their ids.

    :param state: its ``state_path``
    """
    directory = state / "keys"
    found = directory.iterdir() if directory.exists() else ()
    return {path.name: path.read_bytes() for path in found if path.suffix != _CERTIFICATE}


def add_certificate(state: Path, der: bytes) -> str:
    """Keep a certificate, and return its id."""
    key_id = str(uuid.uuid4())
    (state / "keys").mkdir(parents=True, exist_ok=True)
    (state / "keys" / f"{key_id}{_CERTIFICATE}").write_bytes(der)
    return key_id


class DirectoryKeyManager:
    """Keeps keys in ``<state_path>/keys``; does not ask whose they are.

    :param configuration: oslo.config's options
    """

    def __init__(self, configuration: cfg.ConfigOpts) -> None:
        self._directory = Path(configuration.state_path) / "keys"
        self._directory.mkdir(parents=True, exist_ok=True)

    def create_key(self, context: Any, algorithm: str, length: int) -> str:
        """Make a key and return its id."""
        return self._keep(os.urandom(length // 8))

    def store(self, context: Any, managed_object: Any) -> str:
        """Keep a key and return its id."""
        return self._keep(managed_object.get_encoded())

    def get(self, context: Any, managed_object_id: str) -> Any:
        """Return a key, or a certificate."""
        certificate = self._directory / f"{managed_object_id}{_CERTIFICATE}"
        if certificate.exists():
            return x_509.X509(certificate.read_bytes())
        try:
            key = (self._directory / managed_object_id).read_bytes()
        except FileNotFoundError:
            raise exception.ManagedObjectNotFoundError(uuid=managed_object_id) from None
        return symmetric_key.SymmetricKey("aes", len(key) * 8, key)

    def delete(self, context: Any, managed_object_id: str) -> None:
        """Delete a key."""
        try:
            (self._directory / managed_object_id).unlink()
        except FileNotFoundError:
            raise exception.ManagedObjectNotFoundError(uuid=managed_object_id) from None

    def _keep(self, key: bytes) -> str:
        key_id = str(uuid.uuid4())
        (self._directory / key_id).write_bytes(key)
        return key_id
