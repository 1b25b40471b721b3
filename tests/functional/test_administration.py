# SPDX-License-Identifier: Apache-2.0
"""What administrators do beside volumes: types, QoS specs, quotas, services, messages, clean-up."""

from __future__ import annotations

import configparser
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.functional.harness.deployment import Deployment
from tests.functional.harness.process import wait_until

MEMBERS_PROJECT = "fedcba9876543210fedcba9876543210"
LOGGER = "cinder_lite.volume"


@pytest.fixture(scope="module")
def cloud(start_deployment: Callable[..., Deployment]) -> Deployment:
    """Two hosts whose services do not look for lost work by themselves while a test runs."""
    return start_deployment(settings={"DEFAULT": {"migration_settle_interval": 900}})


def _made(cloud: Deployment, path: str, kind: str, /, **values: Any) -> dict[str, Any]:
    answer = cloud.request("POST", path, {kind: values})
    assert answer.status_code in (200, 202), answer.text
    made: dict[str, Any] = answer.json()[kind]
    return made


def _done(cloud: Deployment, method: str, path: str, body: object = None, status: int = 202) -> Any:
    answer = cloud.request(method, path, body)
    assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def _as_member(cloud: Deployment, method: str, path: str, body: object = None) -> Any:
    return cloud.request(method, path, body, user="demo", project=MEMBERS_PROJECT)


def test_a_private_type_with_all_that_belongs_to_it(cloud: Deployment) -> None:
    kind = _made(
        cloud,
        "/types",
        "volume_type",
        name="gold",
        **{"os-volume-type-access:is_public": False},
    )
    url = f"/types/{kind['id']}"
    volume = {"volume": {"size": 1, "volume_type": "gold"}}
    assert _as_member(cloud, "POST", "/volumes", volume).status_code == 404
    _done(cloud, "POST", f"{url}/action", {"addProjectAccess": {"project": MEMBERS_PROJECT}})
    default = f"/default-types/{MEMBERS_PROJECT}"
    _done(cloud, "PUT", default, {"default_type": {"volume_type": "gold"}}, 200)
    made = _as_member(cloud, "POST", "/volumes", {"volume": {"size": 1}})
    assert made.json()["volume"]["volume_type"] == "gold"
    volume_id = made.json()["volume"]["id"]

    specs = _made(cloud, "/qos-specs", "qos_specs", name="fast", iops="100")
    _done(cloud, "GET", f"/qos-specs/{specs['id']}/associate?vol_type_id={kind['id']}")
    assert cloud.get(url)["volume_type"]["qos_specs_id"] == specs["id"]
    in_use = cloud.request("DELETE", url)
    assert in_use.status_code == 400
    assert cloud.request("DELETE", f"/qos-specs/{specs['id']}").status_code == 400

    wait_until(
        lambda: (
            _as_member(cloud, "GET", f"/volumes/{volume_id}").json()["volume"]["status"]
            == "available"
        ),
        60,
        "the member's volume",
    )
    assert _as_member(cloud, "DELETE", f"/volumes/{volume_id}").status_code == 202
    wait_until(
        lambda: _as_member(cloud, "GET", f"/volumes/{volume_id}").status_code == 404,
        60,
        "the end of the member's volume",
    )
    encryption = {"encryption": {"provider": "luks", "control_location": "front-end"}}
    _done(cloud, "POST", f"{url}/encryption", encryption, 200)
    _done(cloud, "DELETE", default, status=204)
    _done(cloud, "DELETE", f"/qos-specs/{specs['id']}?force=true")
    _done(cloud, "DELETE", url)
    assert cloud.request("GET", url).status_code == 404


def test_quotas_of_a_project_and_of_a_type(cloud: Deployment) -> None:
    _made(cloud, "/types", "volume_type", name="small")
    quotas = f"/os-quota-sets/{cloud.project}"
    changed = _done(cloud, "PUT", quotas, {"quota_set": {"gigabytes_small": 1}}, 200)
    assert changed["quota_set"]["gigabytes_small"] == 1
    volume = cloud.create_volume(volume_type="small")
    usage = cloud.get(f"{quotas}?usage=true")["quota_set"]
    assert usage["gigabytes_small"] == {"limit": 1, "in_use": 1, "reserved": 0}
    over = cloud.request("POST", "/volumes", {"volume": {"size": 1, "volume_type": "small"}})
    assert over.status_code == 413
    cloud.delete_volume(volume["id"])
    assert cloud.get(f"{quotas}?usage=true")["quota_set"]["gigabytes_small"]["in_use"] == 0
    _done(cloud, "DELETE", quotas, status=200)
    classes = "/os-quota-class-sets/default"
    _done(cloud, "PUT", classes, {"quota_class_set": {"volumes": 0}}, 200)
    assert cloud.get("/limits")["limits"]["absolute"]["maxTotalVolumes"] == 0
    assert cloud.request("POST", "/volumes", {"volume": {"size": 1}}).status_code == 413
    _done(cloud, "PUT", classes, {"quota_class_set": {"volumes": 100}}, 200)


def test_a_failed_creation_leaves_a_message(cloud: Deployment) -> None:
    _made(cloud, "/types", "volume_type", name="nowhere", extra_specs={"vendor_name": "nobody"})
    volume = cloud.create_volume(volume_type="nowhere", wait=False)
    cloud.wait_for_status(volume["id"], "error")
    query = f"/messages?resource_uuid={volume['id']}"
    wait_until(lambda: bool(cloud.get(query)["messages"]), 10, "the message")
    (message,) = cloud.get(query)["messages"]
    assert message["event_id"] == "VOLUME_VOLUME_001_003"
    assert _as_member(cloud, "GET", f"/messages/{message['id']}").status_code == 404
    _done(cloud, "DELETE", f"/messages/{message['id']}", status=204)
    cloud.delete_volume(volume["id"])


def test_levels_of_logs_in_every_service(cloud: Deployment) -> None:
    body = {"prefix": LOGGER}
    before = _done(cloud, "PUT", "/os-services/get-log", body, 200)["log_levels"]
    assert sorted(one["binary"] for one in before) == [
        "cinder-api",
        "cinder-scheduler",
        "cinder-volume",
        "cinder-volume",
    ]
    only = {**body, "binary": "cinder-volume"}
    _done(cloud, "PUT", "/os-services/set-log", {**only, "level": "ERROR"})

    def levels() -> list[str]:
        found = _done(cloud, "PUT", "/os-services/get-log", body, 200)["log_levels"]
        return [
            one["levels"][f"{LOGGER}.manager"] for one in found if one["binary"] == "cinder-volume"
        ]

    wait_until(lambda: levels() == ["ERROR"] * 2, 10, "both volume services to be told")
    _done(cloud, "PUT", "/os-services/set-log", {**only, "level": "DEBUG"})
    wait_until(lambda: levels() == ["DEBUG"] * 2, 10, "both volume services to be told")


def test_a_frozen_host_takes_no_volumes(cloud: Deployment) -> None:
    _done(cloud, "PUT", "/os-services/freeze", {"host": "beta@file"}, 200)
    (service,) = cloud.get("/os-services?host=beta@file")["services"]
    assert (service["frozen"], service["status"]) == (True, "disabled")
    refused = cloud.request("PUT", "/os-services/failover_host", {"host": "beta@file"})
    assert refused.status_code == 400
    _done(cloud, "PUT", "/os-services/thaw", {"host": "beta@file"}, 200)


def test_what_a_backend_tells_of_itself(cloud: Deployment) -> None:
    pools = cloud.get("/scheduler-stats/get_pools?detail=true")["pools"]
    for pool in pools:
        host = pool["name"].partition("#")[0]
        told = cloud.get(f"/capabilities/{host}")
        assert told["namespace"] == f"OS::Storage::Capabilities::{host}"
        for name in ("vendor_name", "volume_backend_name", "storage_protocol"):
            assert told[name] == pool["capabilities"][name]
        held = cloud.get(f"/os-hosts/{host}")["host"][0]["resource"]
        assert (held["host"], held["project"]) == (host, "(total)")


def test_abandoned_work_is_settled_when_it_is_asked_for(cloud: Deployment) -> None:
    volume = cloud.create_volume(host=cloud.host("beta"))
    _forget_creation(cloud, volume["id"])
    told = _done(cloud, "POST", "/workers/cleanup", {"is_up": True, "host": "beta@file"})
    assert [one["host"] for one in told["cleaning"]] == ["beta@file"]
    assert told["unavailable"] == []
    cloud.wait_for_status(volume["id"], "available")
    _forget_creation(cloud, volume["id"])
    told = _done(cloud, "POST", "/workers/cleanup", {"is_up": True, "resource_id": volume["id"]})
    assert [one["host"] for one in told["cleaning"]] == ["beta@file"]
    cloud.wait_for_status(volume["id"], "available")
    cloud.delete_volume(volume["id"])


def _forget_creation(cloud: Deployment, volume_id: str) -> None:
    """Leave a volume as a service does that dies while it creates it, and its message with it."""
    answer = cloud.action(volume_id, "os-reset_status", {"status": "creating"})
    assert answer.status_code == 202, answer.text
    # No request undoes a launch; without it, the volume would count as one that was whole once.
    options = configparser.ConfigParser(interpolation=None)
    options.read(cloud.directory / "cinder_lite.conf")
    database = sa.create_engine(options["database"]["connection"])
    with database.begin() as connection:
        forget = sa.text("UPDATE volumes SET launched_at = NULL WHERE id = :id")
        assert connection.execute(forget, {"id": volume_id}).rowcount == 1
    database.dispose()


def test_a_backend_that_is_down_can_not_be_cleaned(cloud: Deployment) -> None:
    cloud.stop("volume-beta")
    told = _done(cloud, "POST", "/workers/cleanup", {"host": "beta@file"})
    assert [one["host"] for one in told["unavailable"]] == ["beta@file"]
    cloud.start("volume-beta")
    cloud.wait_ready()


def test_what_there_is_not(cloud: Deployment) -> None:
    assert cloud.get("/clusters/detail") == {"clusters": []}
    assert cloud.get("/backups/detail") == {"backups": []}
    volume = cloud.create_volume()
    backup = cloud.request("POST", "/backups", {"backup": {"volume_id": volume["id"]}})
    assert backup.status_code == 503
    assert cloud.show(volume["id"])["status"] == "available"
    cloud.delete_volume(volume["id"])


def test_the_api_describes_itself(cloud: Deployment) -> None:
    served = cloud.get("/openapi.json")
    assert served["openapi"] == "3.1.0"
    assert json.loads(cloud.manage("openapi")) == served
