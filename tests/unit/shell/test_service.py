# SPDX-License-Identifier: Apache-2.0
"""Commands on services."""

from __future__ import annotations

from tests.unit.shell.conftest import Run
from tests.unit.shell.fake_service import FakeService, fault

SERVICE = {
    "binary": "cinder-volume",
    "host": "node@one",
    "zone": "nova",
    "status": "enabled",
    "state": "up",
    "updated_at": "2026-11-21T11:54:35.000000",
    "disabled_reason": None,
    "backend_state": "up",
}


def test_service_list(run: Run, service: FakeService) -> None:
    service.services = [SERVICE, SERVICE | {"host": "node@two", "disabled_reason": "broken"}]
    result = run("service-list")

    assert "| node@one | nova | enabled | up    | 2026-11-21T11:54:35 | up " in result.out
    assert "| broken " in result.out


def test_service_list_filters(run: Run, service: FakeService) -> None:
    service.services = [SERVICE, SERVICE | {"host": "node@two"}]
    options = ("--host", "node@two", "--binary", "cinder-volume")

    assert [row["Host"] for row in run("service-list", *options, "-f", "json").json] == ["node@two"]


def test_service_enable(run: Run, service: FakeService) -> None:
    result = run("service-enable", "node@one", "cinder-volume", "-f", "json")

    assert result.json == {"host": "node@one", "binary": "cinder-volume", "status": "enabled"}
    assert service.asked("PUT", "/os-services/enable$")[0].body == {
        "host": "node@one",
        "binary": "cinder-volume",
    }


def test_service_disable(run: Run, service: FakeService) -> None:
    assert run("service-disable", "node@one", "cinder-volume").status == 0
    assert service.asked("PUT", "/os-services/disable$")[0].body == {
        "host": "node@one",
        "binary": "cinder-volume",
    }


def test_service_disable_with_a_reason(run: Run, service: FakeService) -> None:
    result = run(
        "service-disable", "node@one", "cinder-volume", "--reason", "new disks", "-f", "json"
    )

    assert result.json["disabled_reason"] == "new disks"
    assert service.asked("PUT", "/os-services/disable-log-reason$")[0].body == {
        "host": "node@one",
        "binary": "cinder-volume",
        "disabled_reason": "new disks",
    }


def test_service_that_is_not_there(run: Run, service: FakeService) -> None:
    service.plan("PUT", "/os-services/", fault(404, "There is none.", "itemNotFound"))
    result = run("service-enable", "nix", "cinder-volume")

    assert result.status == 1
    assert result.err.startswith(
        "Service cinder-volume on nix cannot be enabled: There is none (req-"
    )
