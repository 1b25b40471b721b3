# SPDX-License-Identifier: Apache-2.0
"""JSON columns that may hold secrets, such as the CHAP password in a connection's data.

With ``secrets_keys`` set, a value in which something is secret is written encrypted (Fernet:
AES-128-CBC with HMAC-SHA256). What was written before the keys were set, or holds no secret, is
plain JSON and stays readable.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import orjson
from oslo_config import cfg

from cinder_lite import exception

CONF = cfg.CONF

_MARK = "sealed:"
_SECRET_WORDS = ("password", "passphrase", "secret", "keyring", "auth_key", "token", "private_key")


def seal(value: Mapping[str, Any] | None) -> str | None:
    """Return a value as it is stored: JSON, encrypted where it holds something secret."""
    if value is None:
        return None
    text = orjson.dumps(value)
    keys = tuple(CONF.secrets_keys)
    if keys and _holds_secrets(value):
        return _MARK + _cipher(keys).encrypt(text).decode()
    return text.decode()


def unseal(stored: str | None) -> dict[str, Any] | None:
    """Return what was given to :func:`seal`.

    :raises InvalidConfigurationValue: none of ``secrets_keys`` opens it
    """
    if not stored:
        return None
    if not stored.startswith(_MARK):
        plain: dict[str, Any] = orjson.loads(stored)
        return plain
    from cryptography import fernet  # only where something is sealed

    keys = tuple(CONF.secrets_keys)
    try:
        text = _cipher(keys).decrypt(stored.removeprefix(_MARK).encode())
    except (fernet.InvalidToken, ValueError):
        raise exception.InvalidConfigurationValue(
            option="secrets_keys",
            value=f"{len(keys)} keys",
            reason="none of them opens a secret in the database. Keep the former keys in the "
            "list, behind the new one.",
        ) from None
    opened: dict[str, Any] = orjson.loads(text)
    return opened


@functools.lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> Any:
    from cryptography import fernet

    if not keys:
        raise ValueError("no keys")
    try:
        return fernet.MultiFernet([fernet.Fernet(key) for key in keys])
    except ValueError:
        raise exception.InvalidConfigurationValue(
            option="secrets_keys",
            value="***",
            reason="a key must be 32 random bytes in URL-safe base64.",
        ) from None


def _holds_secrets(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(
            (item and any(word in str(key).lower() for word in _SECRET_WORDS))
            or _holds_secrets(item)
            for key, item in value.items()
        )
    if isinstance(value, list):
        return any(_holds_secrets(item) for item in value)
    return False
