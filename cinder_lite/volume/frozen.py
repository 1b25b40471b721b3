# SPDX-License-Identifier: Apache-2.0
"""Backends that an administrator has frozen: what is on them stays as it is."""

from __future__ import annotations

from cinder_lite import exception
from cinder_lite import host as host_name
from cinder_lite.db import services


def check(host: str | None) -> None:
    """Refuse to make or delete something on a frozen backend.

    :param host: ``host@backend#pool``; None: it is on no backend
    :raises InvalidInput: the backend is frozen
    """
    if host is not None and services.is_frozen(host_name.service_of(host)):
        raise exception.InvalidInput(
            reason="the storage backend is frozen (os-services/freeze): nothing on it may be made "
            "or deleted."
        )
