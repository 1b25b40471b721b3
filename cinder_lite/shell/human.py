# SPDX-License-Identifier: Apache-2.0
"""Figures and values as people read them; each function turns one value into text for a table."""

from __future__ import annotations

from typing import Any

MISSING = "-"
"""Shown where the service gives no value."""


def plain(value: Any) -> str:
    """Text of any value: nothing is "-", pairs are ``k=v``, lists are joined by commas."""
    if value is None or value == "":
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}={value[key]}" for key in sorted(value)) or MISSING
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value) or MISSING
    return str(value)


def bytes_(value: Any) -> str:
    """Bytes in the largest binary unit that leaves at least 1: 1536 is ``1.5 KiB``."""
    if not isinstance(value, (int, float)):
        return plain(value)
    amount = float(value)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(amount) < 1024:
            return _figure(amount, unit)
        amount /= 1024
    return _figure(amount, "PiB")


def gigabytes(value: Any) -> str:
    """GiB, the unit of the Volume API's sizes and capacities, in words."""
    if not isinstance(value, (int, float)):
        return plain(value)
    return bytes_(value * 1024**3)


def rate(value: Any) -> str:
    """Bytes per second."""
    return f"{bytes_(value)}/s" if isinstance(value, (int, float)) else plain(value)


def percent(value: Any) -> str:
    """A whole percentage."""
    return f"{value}%" if isinstance(value, (int, float)) else plain(value)


def moment(value: Any) -> str:
    """A time of the API (UTC, ISO 8601) without its fraction of a second."""
    return plain(value).partition(".")[0]


def attachments(value: Any) -> str:
    """A volume's attachments: who has it, and as which device."""
    if not isinstance(value, list):
        return plain(value)
    return ", ".join(_attachment(item) for item in value) or MISSING


def _attachment(item: dict[str, Any]) -> str:
    who = item.get("server_id") or item.get("host_name") or item.get("attachment_id")
    device = item.get("device")
    return f"{who} as {device}" if device else plain(who)


def _figure(amount: float, unit: str) -> str:
    digits = 0 if amount == int(amount) or abs(amount) >= 100 else 1
    return f"{amount:.{digits}f} {unit}"
