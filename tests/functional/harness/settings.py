# SPDX-License-Identifier: Apache-2.0
"""The configuration files of a deployment under test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]
FILE_DRIVER = "cinder_lite.volume.drivers.file.FileDriver"

FILTERS = (
    "AvailabilityZoneFilter",
    "CapacityFilter",
    "CapabilitiesFilter",
    "SameBackendFilter",
    "DifferentBackendFilter",
)

Settings = Mapping[str, Mapping[str, object]]


def render(settings: Settings) -> str:
    """Return settings as the text of an oslo.config file."""
    lines: list[str] = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines.extend(f"{key} = {value}" for key, value in values.items())
        lines.append("")
    return "\n".join(lines)


def merged(*parts: Settings) -> dict[str, dict[str, object]]:
    """Lay several settings over one another; the later ones win."""
    result: dict[str, dict[str, object]] = {}
    for part in parts:
        for section, values in part.items():
            result.setdefault(section, {}).update(values)
    return result


def common(directory: Path, port: int, connection: str, transport: str | None) -> Settings:
    """Return what all services of a deployment share.

    :param port: where the API listens
    :param connection: URL of the database
    :param transport: URL of the broker, None for the in-process transport
    """
    default: dict[str, object] = {
        "auth_strategy": "noauth",
        "osapi_volume_listen": "127.0.0.1",
        "osapi_volume_listen_port": port,
        "osapi_volume_workers": 1,
        "api_paste_config": TREE / "etc/cinder_lite/api-paste.ini",
        "rootwrap_config": TREE / "etc/cinder_lite/rootwrap.conf",
        "state_path": directory / "state",
        "report_interval": 1,
        "service_down_time": 10,
        "quota_volumes": -1,
        "scheduler_default_filters": ",".join(FILTERS),
        "quota_gigabytes": -1,
    }
    if transport is not None:
        default["transport_url"] = transport
    return {
        "DEFAULT": default,
        "database": {"connection": connection},
        "oslo_concurrency": {"lock_path": directory / "lock"},
    }


def volume_host(directory: Path, host: str, backends: tuple[str, ...]) -> Settings:
    """Return what one host's volume service adds: its name and its file backends.

    :param directory: the backends' data goes to ``<directory>/<host>/<backend>``
    """
    result: dict[str, dict[str, object]] = {
        "DEFAULT": {"host": host, "enabled_backends": ",".join(backends)}
    }
    for backend in backends:
        result[backend] = {
            "volume_driver": FILE_DRIVER,
            "volume_backend_name": backend,
            "file_data_dir": directory / host / backend,
        }
    return result
