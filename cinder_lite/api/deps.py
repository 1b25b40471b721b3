# SPDX-License-Identifier: Apache-2.0
"""What the handlers call: one volume API per process, replaceable by a test."""

from __future__ import annotations

from typing import Any

_volume_api: Any = None


def volume_api() -> Any:
    """Return the process's `cinder_lite.volume.api.API`, made at the first call."""
    global _volume_api
    if _volume_api is None:
        from cinder_lite.volume import api  # noqa: PLC0415 - brings the RPC client with it

        _volume_api = api.API()
    return _volume_api


def set_volume_api(api: Any) -> None:
    """Put another volume API in place; None makes a new one at the next call."""
    global _volume_api
    _volume_api = api
