# SPDX-License-Identifier: Apache-2.0
"""POST /volumes/{id}/action: moving, resetting, forced deletion; the order of the checks."""

from __future__ import annotations

from typing import Any

import pytest

from cinder_lite.db import services, volume_migrations, volumes
from cinder_lite.objects import Volume
from tests.unit import rows
from tests.unit.api.client import MEMBER, NOBODY, PROJECT, Client
from tests.unit.api.conftest import Peers

TARGET = "two@file#file"


@pytest.fixture
def volume(api: Client) -> Volume:
    """Return a volume on one@file#file; two@file runs as well."""
    rows.service("one@file")
    rows.service("two@file")
    return rows.volume(project_id=PROJECT)


# --- envelope --------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [{}, {"os-nope": {}, "os-migrate_volume": {"host": "x"}}, [], 1])
def test_a_body_must_have_one_key(api: Client, body: Any) -> None:
    answer = api("POST", f"/volumes/{NOBODY}/action", body)
    assert answer.status == 400
    assert "one key" in answer.sentence


@pytest.mark.parametrize("name", ["os-nope", "OS-Migrate_Volume", "action", "volume"])
def test_an_unknown_action_is_refused_before_the_volume_is_looked_up(
    api: Client, name: str
) -> None:
    answer = api.action(NOBODY, name, {})
    assert (answer.status, answer.sentence) == (
        400,
        f"There is no such action: {name}. Look at the request's body.",
    )


def test_an_action_without_a_body(api: Client) -> None:
    assert api("POST", f"/volumes/{NOBODY}/action").status == 400
    assert api("POST", f"/volumes/{NOBODY}/action", raw=b"").status == 400


# --- os-migrate_volume -----------------------------------------------------------------------


@pytest.mark.parametrize("version", [None, "3.0", "3.15", "3.16", "3.71"])
def test_migrate(api: Client, peers: Peers, volume: Volume, version: str | None) -> None:
    answer = api.action(volume.id, "os-migrate_volume", {"host": TARGET}, version=version)
    assert (answer.status, answer.raw) == (202, b"")
    assert answer.headers["Content-Type"] == "application/json"
    assert peers.scheduler.names == ["migrate_volume_to_host"]
    (record,) = volume_migrations.listing({}, limit=10)
    assert (record.volume_id, record.dest_host) == (volume.id, TARGET)
    assert record.request_id == answer.headers["x-openstack-request-id"]
    assert (record.force_host_copy, record.lock_volume) == (False, False)
    shown = api("GET", f"/volumes/{volume.id}").json["volume"]
    assert (shown["status"], shown["migration_status"]) == ("available", "starting")


OPTIONS = ("force_host_copy", "lock_volume", "offline_servers")


@pytest.mark.parametrize("word", [True, "true", "True", "TRUE", "1", "on", "On", "YES", "y", "t"])
def test_booleans_may_be_words(api: Client, volume: Volume, word: Any) -> None:
    content = {"host": TARGET, **dict.fromkeys(OPTIONS, word)}
    assert api.action(volume.id, "os-migrate_volume", content).status == 202
    (record,) = volume_migrations.listing({}, limit=10)
    assert [getattr(record, option) for option in OPTIONS] == [True] * 3
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "maintenance"


@pytest.mark.parametrize("word", [False, "false", "0", "off", "No", "n", "f"])
def test_words_for_no(api: Client, volume: Volume, word: Any) -> None:
    content = {"host": TARGET, **dict.fromkeys(OPTIONS, word)}
    assert api.action(volume.id, "os-migrate_volume", content).status == 202
    (record,) = volume_migrations.listing({}, limit=10)
    assert [getattr(record, option) for option in OPTIONS] == [False] * 3


@pytest.mark.parametrize("key", OPTIONS)
@pytest.mark.parametrize(
    "word", ["maybe", "tRue", "Y", "T", " true ", "enabled", "", None, 1, 0, 2, 1.0, []]
)
def test_bad_booleans(api: Client, key: str, word: Any) -> None:
    answer = api.action(NOBODY, "os-migrate_volume", {"host": TARGET, key: word})
    assert answer.status == 400
    assert answer.sentence.startswith(f"Invalid input for field/attribute {key}. Value: {word}. ")


def test_a_private_type_is_for_who_has_access(api: Client, peers: Peers, volume: Volume) -> None:
    """A member learns as little of it by os-retype as by GET."""
    secret = {"volume_type": {"name": "secret", "os-volume-type-access:is_public": False}}
    made = api("POST", "/types", secret).json["volume_type"]["id"]
    for name in ("secret", made):
        content = {"new_type": name, "migration_policy": "on-demand"}
        assert api.action(volume.id, "os-retype", content, token=MEMBER).status == 404
    assert peers.scheduler.calls == []
    access = {"addProjectAccess": {"project": PROJECT}}
    assert api("POST", f"/types/{made}/action", access).status == 202
    content = {"new_type": "secret", "migration_policy": "on-demand"}
    assert api.action(volume.id, "os-retype", content, token=MEMBER).status == 202


def test_a_type_for_which_a_server_lets_go(api: Client, peers: Peers, volume: Volume) -> None:
    """Users may change the type; to lock a server for that is for who may migrate volumes."""
    assert api("POST", "/types", {"volume_type": {"name": "gold"}}).status == 200
    content = {"new_type": "gold", "migration_policy": "on-demand", "offline_servers": True}
    assert api.action(volume.id, "os-retype", content, token=MEMBER).status == 403
    assert api("GET", f"/volumes/{volume.id}").json["volume"]["status"] == "available"
    assert api.action(volume.id, "os-retype", {**content, "offline_servers": "x"}).status == 400
    assert api.action(volume.id, "os-retype", content).status == 202
    [(name, _, arguments)] = peers.scheduler.calls
    assert (name, arguments["request_spec"]["offline_servers"]) == ("retype", True)


HOST_IN = "Invalid input for field/attribute host. Value: "
IN_BODY = "Invalid input for field/attribute os-migrate_volume. Value: "
ONE_OF = "Invalid input received: One and only one of cluster and host must be set."


@pytest.mark.parametrize(
    ("content", "version", "sentence"),
    [
        ({}, "3.0", IN_BODY + "{}. 'host' is a required property"),
        ({}, "3.15", IN_BODY + "{}. 'host' is a required property"),
        ({}, "3.16", ONE_OF),
        ({"host": ""}, "3.0", "Invalid input received: Host field is missing."),
        ({"host": ""}, "3.16", ONE_OF),
        ({"host": None}, "3.0", HOST_IN + "None. None is not of type 'string'"),
        ({"host": None}, "3.71", ONE_OF),
        ({"host": 5}, "3.0", HOST_IN + "5. 5 is not of type 'string'"),
        ({"host": 5}, "3.16", HOST_IN + "5. 5 is not of type 'string', 'null'"),
        ({"host": ["a"]}, "3.0", HOST_IN + "['a']. ['a'] is not of type 'string'"),
        (
            {"host": TARGET, "cluster": "c"},
            "3.15",
            IN_BODY + "{'host': 'two@file#file', 'cluster': 'c'}. "
            "Additional properties are not allowed ('cluster' was unexpected)",
        ),
        ({"host": TARGET, "cluster": "c"}, "3.16", ONE_OF),
        ({"cluster": ""}, "3.16", ONE_OF),
        (
            {"cluster": "c"},
            "3.16",
            "Invalid host: there is no cluster c, as this service has no clusters; name a host.",
        ),
        (None, "3.71", IN_BODY + "None. None is not of type 'object'"),
        ("x", "3.71", IN_BODY + "x. 'x' is not of type 'object'"),
        ([], "3.71", IN_BODY + "[]. [] is not of type 'object'"),
    ],
)
def test_bad_destinations(
    api: Client, volume: Volume, content: Any, version: str, sentence: str
) -> None:
    answer = api.action(volume.id, "os-migrate_volume", content, version=version)
    assert (answer.status, answer.sentence) == (400, sentence)


def test_a_host_name_of_256_characters(api: Client) -> None:
    answer = api.action(NOBODY, "os-migrate_volume", {"host": "h" * 256})
    assert answer.status == 400
    assert answer.sentence.endswith("is too long")


@pytest.mark.parametrize("host", ["nosuch@x#y", "one", "a b", "../x", "é@x#y", "h" * 255])
def test_unknown_hosts(api: Client, volume: Volume, host: str) -> None:
    answer = api.action(volume.id, "os-migrate_volume", {"host": host})
    assert answer.status == 400
    assert answer.sentence.startswith("Invalid host: ")
    assert host.partition("#")[0] in answer.sentence


def test_a_disabled_host(api: Client, volume: Volume) -> None:
    service = services.get(host="two@file", binary=services.VOLUME)
    services.update(service.id, {"disabled": True, "disabled_reason": "new disks"})
    answer = api.action(volume.id, "os-migrate_volume", {"host": TARGET})
    assert answer.status == 400
    assert "disabled (new disks)" in answer.sentence


def test_the_same_host_and_every_other_reason_at_once(api: Client, volume: Volume) -> None:
    volumes.update(volume.id, {"status": "error", "migration_status": "migrating"})
    answer = api.action(volume.id, "os-migrate_volume", {"host": "one@file#file"})
    assert answer.status == 400
    for reason in ("status must be", "moving already", "one@file#file already"):
        assert reason in answer.sentence


def test_a_second_migration_is_refused(api: Client, volume: Volume) -> None:
    assert api.action(volume.id, "os-migrate_volume", {"host": TARGET}).status == 202
    answer = api.action(volume.id, "os-migrate_volume", {"host": TARGET})
    assert answer.status == 400
    assert "moving already" in answer.sentence
    assert len(volume_migrations.listing({}, limit=10)) == 1


def test_the_order_of_the_checks(api: Client, volume: Volume) -> None:
    bad = {"force_host_copy": "maybe", "host": "x"}
    assert api.action(NOBODY, "os-migrate_volume", bad, token=MEMBER).status == 400
    good = {"host": TARGET}
    missing = api.action(NOBODY, "os-migrate_volume", good, token=MEMBER)
    assert (missing.status, missing.sentence) == (404, f"Volume {NOBODY} could not be found.")
    for content in (good, {}):  # at 3.16 the choice of host or cluster is looked at last
        refused = api.action(volume.id, "os-migrate_volume", content, token=MEMBER)
        assert refused.status == 403
        assert refused.sentence == (
            "Policy doesn't allow volume_extension:volume_admin_actions:migrate_volume "
            "to be performed."
        )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("os-migrate_volume_completion", {"new_volume": NOBODY}),
        ("os-reset_status", {"status": "error"}),
        ("os-force_delete", None),
    ],
)
def test_actions_that_a_member_may_not_do(
    api: Client, volume: Volume, name: str, content: Any
) -> None:
    answer = api.action(volume.id, name, content, token=MEMBER)
    assert answer.status == 403
    assert name.removeprefix("os-") in answer.sentence


# --- os-migrate_volume_completion ------------------------------------------------------------


def test_completion(api: Client, peers: Peers, volume: Volume) -> None:
    rows.migration(volume, mode="nova", volume_values={"migration_status": "migrating"})
    mark = f"target:{volume.id}"
    target = rows.volume(project_id=PROJECT, migration_status=mark, status="attaching")
    peers.volume.answers["migrate_volume_completion"] = volume.id
    contents: list[tuple[dict[str, Any], bool]] = [
        ({"new_volume": target.id}, False),
        ({"new_volume": target.id.upper(), "error": None}, False),
        ({"new_volume": target.id, "error": "true"}, True),
    ]
    for content, error in contents:
        answer = api.action(volume.id, "os-migrate_volume_completion", content)
        assert (answer.status, answer.json) == (200, {"save_volume_id": volume.id})
        assert peers.volume.calls[-1][2]["error"] is error


def test_completion_of_what_nobody_has_copied(api: Client, peers: Peers, volume: Volume) -> None:
    rows.migration(volume, mode="nova", volume_values={"migration_status": "migrating"})
    target = rows.volume(project_id=PROJECT, migration_status=f"target:{volume.id}")
    answer = api.action(volume.id, "os-migrate_volume_completion", {"new_volume": target.id})
    assert answer.status == 400
    assert "no server is attached to the target" in answer.sentence
    assert peers.volume.calls == []


def test_completion_of_a_swap_that_is_no_migration(api: Client, volume: Volume) -> None:
    other = rows.volume(project_id=PROJECT)
    answer = api.action(volume.id, "os-migrate_volume_completion", {"new_volume": other.id})
    assert (answer.status, answer.json) == (200, {"save_volume_id": other.id})


COMPLETION = "Invalid input for field/attribute os-migrate_volume_completion. Value: "


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        ({}, 400, COMPLETION + "{}. 'new_volume' is a required property"),
        (None, 400, COMPLETION + "None. None is not of type 'object'"),
        (
            {"new_volume": "x"},
            400,
            "Invalid input for field/attribute new_volume. Value: x. 'x' is not a 'uuid'",
        ),
        (
            {"new_volume": NOBODY, "error": 5},
            400,
            "Invalid input for field/attribute error. Value: 5. "
            "5 is not of type 'string', 'null', 'boolean'",
        ),
        (
            {"new_volume": NOBODY, "error": "maybe"},
            400,
            "Value 'maybe' for 'error' is not a boolean.",
        ),
        ({"new_volume": NOBODY}, 404, f"Volume {NOBODY} could not be found."),
    ],
)
def test_bad_completions(
    api: Client, volume: Volume, content: Any, status: int, sentence: str
) -> None:
    answer = api.action(volume.id, "os-migrate_volume_completion", content)
    assert (answer.status, answer.sentence) == (status, sentence)


def test_completion_with_a_volume_that_is_not_the_target(api: Client, volume: Volume) -> None:
    rows.migration(volume, mode="nova", volume_values={"migration_status": "migrating"})
    other = rows.volume(project_id=PROJECT)
    answer = api.action(volume.id, "os-migrate_volume_completion", {"new_volume": other.id})
    assert answer.status == 400
    assert "is not the target" in answer.sentence


# --- os-reset_status -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "key", "value"),
    [
        ({"status": "error"}, "status", "error"),
        ({"status": "ERROR"}, "status", "error"),
        ({"status": "error_restoring"}, "status", "error_restoring"),
        ({"migration_status": "success"}, "migration_status", "success"),
        ({"migration_status": "None"}, "migration_status", None),
        ({"status": "available", "attach_status": None}, "status", "available"),
    ],
)
def test_reset(api: Client, volume: Volume, content: Any, key: str, value: str | None) -> None:
    assert api.action(volume.id, "os-reset_status", content).status == 202
    assert api("GET", f"/volumes/{volume.id}").json["volume"][key] == value


@pytest.mark.parametrize(
    "content",
    [{}, {"status": None}, {"status": ""}, {"attach_status": None}, {"migration_status": ""}],
)
def test_reset_of_nothing(api: Client, volume: Volume, content: Any) -> None:
    answer = api.action(volume.id, "os-reset_status", content)
    assert (answer.status, answer.sentence) == (
        400,
        "Must specify 'status', 'attach_status' or 'migration_status' for update.",
    )


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        ({"status": "nope"}, "Volume status: nope is invalid, valid statuses are: creating, "),
        ({"status": "migrating"}, "Volume status: migrating is invalid"),
        (
            {"attach_status": "attaching"},
            "Volume attach status: attaching is invalid, valid statuses are: attached, detached.",
        ),
        (
            {"migration_status": "deleting"},
            "Volume migration status: deleting is invalid, valid statuses are: migrating, error, "
            "success, completing, none, starting.",
        ),
        ({"migration_status": f"target:{NOBODY}"}, "Volume migration status: target:"),
        ({"status": "deleting"}, "Cannot reset-state to deleting"),
        ({"status": 5}, "Invalid input for field/attribute status. Value: 5."),
        ({"status": "error", "bogus": 1}, "Invalid input for field/attribute os-reset_status."),
        (None, "Invalid input for field/attribute os-reset_status. Value: None."),
    ],
)
def test_bad_resets_are_refused_before_the_volume_is_looked_up(
    api: Client, content: Any, beginning: str
) -> None:
    for token in (None, MEMBER):
        answer = api.action(NOBODY, "os-reset_status", content, token=token)
        assert answer.status == 400
        assert answer.sentence.startswith(beginning)


def test_reset_to_in_use_wants_an_attachment(api: Client, volume: Volume) -> None:
    answer = api.action(volume.id, "os-reset_status", {"status": "in-use"})
    assert answer.sentence == (
        "Cannot reset-state to in-use because volume does not have any attachments."
    )
    volumes.update(volume.id, {"attach_status": "attached"})
    assert api.action(volume.id, "os-reset_status", {"status": "in-use"}).status == 202


def test_reset_of_a_volume_that_is_really_moving(api: Client, volume: Volume) -> None:
    api.action(volume.id, "os-migrate_volume", {"host": TARGET})
    answer = api.action(volume.id, "os-reset_status", {"migration_status": "none"})
    assert answer.status == 400
    assert "is running" in answer.sentence


# --- os-force_delete -------------------------------------------------------------------------


@pytest.mark.parametrize("content", [{}, None, "x", {"a": 1}])
def test_force_delete(api: Client, peers: Peers, content: Any) -> None:
    volume = rows.volume(project_id=PROJECT, status="creating")
    assert api("DELETE", f"/volumes/{volume.id}").status == 400
    assert api.action(volume.id, "os-force_delete", content).status == 202
    assert peers.volume.names == ["delete_volume"]


def test_force_delete_of_a_volume_that_moves(api: Client) -> None:
    volume = rows.volume(project_id=PROJECT, migration_status="migrating")
    answer = api.action(volume.id, "os-force_delete")
    assert answer.status == 400
    assert "moving" in answer.sentence
    assert api.action(NOBODY, "os-force_delete").status == 404
