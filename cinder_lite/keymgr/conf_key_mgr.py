# SPDX-License-Identifier: Apache-2.0
"""A key manager with one key, which the configuration file holds. For tests."""

from __future__ import annotations

import binascii
from typing import Any, NoReturn

from castellan.common import exception as castellan_exception
from castellan.common.objects import symmetric_key
from castellan.key_manager import key_manager
from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite.conf import key_manager as options

LOG = logging.getLogger(__name__)

KEY_ID = "00000000-0000-0000-0000-000000000000"
"""The id of the only key."""


class ConfKeyManager(key_manager.KeyManager):
    """Gives every volume the key of ``[key_manager] fixed_key``.

    It protects a disk that is lost or stolen, and data on its way over the network, from whoever
    does not know the key. It does not protect one volume from the owner of another.

    :param configuration: oslo.config's options
    """

    _warned = False

    def __init__(self, configuration: cfg.ConfigOpts) -> None:
        if not ConfKeyManager._warned:
            LOG.warning(
                "The key manager ConfKeyManager has one key for all volumes, in the configuration "
                "file: it is not for production"
            )
            ConfKeyManager._warned = True
        self._conf = configuration
        self._conf.register_opts(options.OPTS, group=options.GROUP)

    def create_key(self, context: Any, algorithm: str, length: int, **_: Any) -> str:  # type: ignore[override]
        """Return the id of the only key."""
        _check(context)
        return KEY_ID

    def store(self, context: Any, managed_object: Any, **_: Any) -> str:  # type: ignore[override]
        """Return the id of the only key, if that is what is to be stored.

        :raises KeyManagerError: it is another
        """
        _check(context)
        if managed_object != self._key():
            raise castellan_exception.KeyManagerError(
                reason="this key manager keeps no other key than its own"
            )
        return KEY_ID

    def get(self, context: Any, managed_object_id: str, metadata_only: bool = False) -> Any:
        """Return the key.

        :raises KeyError: the id is not its
        """
        _check(context)
        if managed_object_id != KEY_ID:
            raise KeyError(f"there is no key {managed_object_id}, only {KEY_ID}")
        return self._key()

    def delete(self, context: Any, managed_object_id: str, force: bool = False) -> None:
        """Keep the key: other volumes have it, too.

        :raises KeyManagerError: the id is not its
        """
        _check(context)
        if managed_object_id != KEY_ID:
            raise castellan_exception.KeyManagerError(
                reason=f"there is no key {managed_object_id}, only {KEY_ID}"
            )
        LOG.warning("The key %s is not deleted: it is the only one", managed_object_id)

    def list(self, context: Any, object_type: Any = None, metadata_only: bool = False) -> Any:
        """Return nothing: the key is not to be found by looking for it."""
        _check(context)
        return []

    def create_key_pair(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse.

        :raises NotImplementedError: always
        """
        raise NotImplementedError("ConfKeyManager has no pairs of keys")

    def add_consumer(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse.

        :raises NotImplementedError: always
        """
        raise NotImplementedError("ConfKeyManager does not note who uses a key")

    def remove_consumer(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse.

        :raises NotImplementedError: always
        """
        raise NotImplementedError("ConfKeyManager does not note who uses a key")

    def _key(self) -> Any:
        fixed = self._conf.key_manager.fixed_key
        if fixed is None:
            raise ValueError("[key_manager] fixed_key is not set, and ConfKeyManager needs it")
        key = binascii.unhexlify(fixed)
        return symmetric_key.SymmetricKey("AES", len(key) * 8, key)


def _check(context: Any) -> None:
    if context is None:
        raise castellan_exception.Forbidden("nobody asks for the key")
