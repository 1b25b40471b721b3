# SPDX-License-Identifier: Apache-2.0
"""Commands on volumes."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Callable

import pytest

from tests.unit.shell.conftest import Run
from tests.unit.shell.fake_service import FakeService, Request, fault

UNKNOWN = "00000000-0000-0000-0000-00000000dead"


def test_create_sends_only_what_was_given(run: Run, service: FakeService) -> None:
    result = run("create", "2", "--name", "vol1", "-f", "json")

    assert (result.status, result.err) == (0, "")
    assert service.asked("POST", "/volumes$")[0].body == {"volume": {"size": 2, "name": "vol1"}}
    assert result.json["name"] == "vol1"
    assert result.json["size"] == 2
    assert "links" not in result.json


def test_create_sends_all_options(run: Run, service: FakeService) -> None:
    result = run(
        *("create", "3", "--metadata", "a=b", "c=d=e", "--description", "some text"),
        *("--metadata", "f=", "--type", "fast", "--availability-zone", "az2"),
    )

    assert result.status == 0
    assert service.asked("POST", "/volumes$")[-1].body["volume"] == {
        "size": 3,
        "description": "some text",
        "volume_type": "fast",
        "availability_zone": "az2",
        "metadata": {"a": "b", "c": "d=e", "f": ""},
    }


def test_create_refuses_metadata_without_a_value(run: Run, service: FakeService) -> None:
    result = run("create", "--metadata", "a=b", "3")

    assert result.status == 2
    assert result.err == (
        "Argument --metadata: '3' is not of the form KEY=VALUE; see 'cinder-lite create --help'.\n"
    )


@pytest.mark.parametrize("size", ["0", "x", "1.5", "²", ""])
def test_create_refuses_a_bad_size_before_asking(run: Run, service: FakeService, size: str) -> None:
    result = run("create", size)

    assert result.status == 2
    assert result.out == ""
    assert result.err == (
        f"Argument SIZE: '{size}' is not a whole number above 0; see 'cinder-lite create --help'.\n"
    )
    assert service.requests == []


def test_create_waits_until_the_volume_is_available(run: Run, service: FakeService) -> None:
    result = run("create", "1", "--wait", "-f", "value", "-c", "status")

    assert (result.status, result.out) == (0, "available\n")
    assert len(service.asked("GET", "/volumes/")) == 2


def test_create_of_something(run: Run, service: FakeService) -> None:
    source = service.add_volume("old")["id"]
    for words, body in (
        (("5", "--image", UNKNOWN), {"size": 5, "imageRef": UNKNOWN}),
        (("--snapshot", UNKNOWN), {"snapshot_id": UNKNOWN}),
        (("--source", "old", "7"), {"size": 7, "source_volid": source}),
    ):
        assert run("create", *words).status == 0
        assert service.asked("POST", "/volumes$")[-1].body["volume"] == body


def test_create_needs_a_size_of_what_has_none(run: Run, service: FakeService) -> None:
    result = run("create", "--image", UNKNOWN)

    assert result.status == 2
    assert result.err.startswith("SIZE may be left out only with --snapshot or --source")
    assert service.requests == []


def test_create_shows_how_far_it_is(run: Run, service: FakeService) -> None:
    def look(note: str | None) -> Callable[[Request], tuple[int, object]]:
        def answer(request: Request) -> tuple[int, object]:
            [volume] = service.volumes.values()
            metadata = {"creation_progress": note} if note else {}
            return 200, {"volume": {**volume, "status": "creating", "metadata": metadata}}

        return answer

    service.plan("GET", "/volumes/", *map(look, (None, "downloading 43%", "copying 7%")))
    result = run("create", "1", "--name", "vol1", "--wait", "-f", "value", "-c", "status")

    assert (result.status, result.out) == (0, "available\n")
    assert result.err == "Volume vol1: downloading 43%\nVolume vol1: copying 7%\n"


def test_create_that_fails_gives_the_services_message(run: Run, service: FakeService) -> None:
    def created(request: Request) -> tuple[int, object]:
        volume = service.add_volume("vol1", status="error")
        service.messages = [
            {"resource_uuid": volume["id"], "user_message": "schedule allocate volume: no space."}
        ]
        return 202, {"volume": volume}

    service.plan("POST", "/volumes$", created)
    result = run("create", "1", "--wait")

    assert result.status == 1
    assert result.err == ("Volume vol1 could not be created: schedule allocate volume: no space.\n")
    assert result.out == ""


def test_create_that_fails_without_a_message_gives_the_status(
    run: Run, service: FakeService
) -> None:
    service.created_status = "error"
    service.plan("GET", "/messages", (404, None))
    result = run("create", "1", "--name", "vol1", "--wait")

    assert result.status == 1
    assert result.err == (
        "Volume vol1 could not be created: its status is error, and the service gives no reason.\n"
    )


def test_create_gives_up_waiting_when_the_time_is_over(run: Run, service: FakeService) -> None:
    service.created_status = "creating"
    result = run("create", "1", "--name", "vol1", "--wait", "--timeout", "0.05")

    volume_id = next(iter(service.volumes))
    assert result.status == 4
    assert result.err == (
        "After 0.05 s the creation of volume vol1 has not ended; it goes on in the service, "
        f"and 'cinder-lite show {volume_id}' shows it.\n"
    )


def test_create_interrupted_says_that_the_work_goes_on(run: Run, service: FakeService) -> None:
    service.created_status = "creating"

    def interrupt(request: Request) -> tuple[int, object]:
        os.kill(os.getpid(), signal.SIGINT)
        return 200, {"volume": next(iter(service.volumes.values()))}

    service.plan("GET", "/volumes/", interrupt)
    result = run("create", "1", "--name", "vol1", "--wait")

    assert result.status == 130
    assert result.err.startswith("Interrupted; the creation of volume vol1 goes on in the service")
    assert result.err.count("\n") == 1


def test_create_that_is_refused_gives_the_reason_and_the_request(
    run: Run, service: FakeService
) -> None:
    service.plan("POST", "/volumes$", fault(413, "Quota exceeded.", "overLimit"))
    result = run("create", "1")

    assert result.status == 1
    assert result.err.startswith("The volume cannot be created: Quota exceeded (req-")
    assert result.err.endswith(").\n")
    assert result.err.count("\n") == 1


def test_list_shows_sizes_for_people_in_a_table(run: Run, service: FakeService) -> None:
    service.add_volume("small", size=1)
    service.add_volume("big", size=2560, **{"os-vol-host-attr:host": None})
    result = run("list")

    assert result.status == 0
    assert "| 1 GiB " in result.out
    assert "| 2.5 TiB " in result.out
    assert "None" not in result.out


def test_list_keeps_raw_values_in_the_other_formats(run: Run, service: FakeService) -> None:
    service.add_volume("vol1", size=2560)

    row = run("list", "-f", "json").json[0]
    assert row["Size"] == 2560
    assert row["Migration Status"] is None
    assert run("list", "-f", "value", "-c", "Size", "-c", "Name").out == "vol1 2560\n"
    assert "Size: 2560" in run("list", "-f", "yaml").out
    table = list(csv.DictReader(io.StringIO(run("list", "-f", "csv").out)))
    assert table[0]["Size"] == "2560"
    assert table[0]["Migration Status"] == ""


def test_list_sorts_by_the_raw_value(run: Run, service: FakeService) -> None:
    for size in (9, 2560, 10):
        service.add_volume(f"of{size}", size=size)
    result = run("list", "-f", "value", "-c", "Name", "--sort-column", "size")

    assert result.out.split() == ["of9", "of10", "of2560"]


def test_list_sends_its_filters(run: Run, service: FakeService) -> None:
    marker = service.add_volume("other")["id"]
    service.add_volume("vol1")
    result = run(
        *("list", "--all-projects", "--status", "available", "--host", "h@b#p"),
        *("--limit", "5", "--marker", marker, "--sort", "size:asc"),
    )

    assert result.status == 0
    assert service.requests[0].query == {
        "all_tenants": "1",
        "status": "available",
        "host": "h@b#p",
        "limit": "5",
        "marker": marker,
        "sort": "size:asc",
    }


def test_list_long_has_more_columns(run: Run, service: FakeService) -> None:
    attachment = {"server_id": "srv", "device": "/dev/vdb"}
    service.add_volume("vol1", attachments=[attachment], metadata={"k": "v"})
    result = run("list", "--long")

    assert "srv as /dev/vdb" in result.out
    assert "k=v" in result.out
    assert "2026-11-21T11:56:16 " in result.out


def test_list_follows_the_pages(run: Run, service: FakeService) -> None:
    service.page = 2
    for number in range(5):
        service.add_volume(f"vol{number}")

    names = run("list", "-f", "value", "-c", "Name").out.split()
    assert names == [f"vol{number}" for number in range(5)]
    assert len(service.requests) == 3


def test_list_with_a_limit_above_the_page_asks_for_the_rest(run: Run, service: FakeService) -> None:
    service.page = 2
    for number in range(5):
        service.add_volume(f"vol{number}")

    names = run("list", "--limit", "3", "-f", "value", "-c", "Name").out.split()
    assert names == ["vol0", "vol1", "vol2"]
    assert [request.query["limit"] for request in service.requests] == ["3", "1"]


def test_unknown_column_is_a_usage_error(run: Run, service: FakeService) -> None:
    result = run("list", "-c", "name", "-c", "bogus")

    assert result.status == 2
    assert result.err == (
        "There is no column 'bogus', only ID, Name, Status, Size, Type, Host, Migration Status; "
        "see 'cinder-lite list --help'.\n"
    )


def test_show_by_id_asks_once(run: Run, service: FakeService) -> None:
    volume = service.add_volume("vol1", size=1024)
    result = run("show", volume["id"])

    assert result.status == 0
    assert "1 TiB" in result.out
    assert "links" not in result.out
    assert len(service.requests) == 1


def test_show_by_name_asks_once(run: Run, service: FakeService) -> None:
    volume = service.add_volume("vol1")

    assert run("show", "vol1", "-f", "json").json["id"] == volume["id"]
    assert len(service.requests) == 1


def test_show_finds_a_volume_whose_name_looks_like_an_id(run: Run, service: FakeService) -> None:
    volume = service.add_volume(UNKNOWN)

    assert run("show", UNKNOWN, "-f", "json").json["id"] == volume["id"]


def test_show_finds_volumes_of_other_projects_last(run: Run, service: FakeService) -> None:
    theirs = service.add_volume("vol1")
    service.elsewhere.add(theirs["id"])
    assert run("show", "vol1", "-f", "json").json["id"] == theirs["id"]

    ours = service.add_volume("vol1")
    assert run("show", "vol1", "-f", "json").json["id"] == ours["id"]


@pytest.mark.parametrize("reference", ["nothing", UNKNOWN])
def test_show_of_nothing(run: Run, service: FakeService, reference: str) -> None:
    result = run("show", reference)

    assert result.status == 1
    assert result.err == f"No volume that you may see has the name or id '{reference}'.\n"


def test_an_ambiguous_name_names_the_ids(run: Run, service: FakeService) -> None:
    ids = [service.add_volume("twin")["id"] for _ in range(2)]
    result = run("show", "twin")

    assert result.status == 1
    assert result.err == (
        f"More than one volume is called 'twin'; use one of the ids {ids[0]}, {ids[1]}.\n"
    )


def test_delete_asks_for_each(run: Run, service: FakeService) -> None:
    first, second = service.add_volume("one"), service.add_volume("two")
    result = run("delete", "one", second["id"])

    assert result.status == 0
    assert result.out == (
        f"Volume one is being deleted.\nVolume {second['id']} is being deleted.\n"
    )
    assert service.volumes == {}
    assert service.asked("DELETE", first["id"])


def test_delete_with_force_is_an_action(run: Run, service: FakeService) -> None:
    volume = service.add_volume("one")
    result = run("--quiet", "delete", "--force", "one")

    assert (result.status, result.out) == (0, "")
    assert service.asked("POST", f"{volume['id']}/action")[0].body == {"os-force_delete": {}}


def test_delete_goes_on_after_a_refusal(run: Run, service: FakeService) -> None:
    service.add_volume("one")
    busy = service.add_volume("busy")
    service.plan("DELETE", busy["id"], fault(400, "Invalid volume: it is in use."))
    result = run("delete", "busy", "gone", "one")

    assert result.status == 1
    assert result.out == "Volume one is being deleted.\n"
    assert result.err.startswith(
        "2 of 3 volumes cannot be deleted: busy: Volume busy cannot be deleted: "
        "Invalid volume: it is in use (req-"
    )
    assert result.err.endswith("; gone: No volume that you may see has the name or id 'gone'.\n")
    assert result.err.count("\n") == 1


def test_delete_of_one_that_is_refused_is_a_plain_sentence(run: Run, service: FakeService) -> None:
    service.add_volume("one")
    service.plan("DELETE", "/volumes/", fault(400, "Invalid volume: it is in use."))
    result = run("delete", "one")

    assert result.status == 1
    assert result.err.startswith("Volume one cannot be deleted: Invalid volume: it is in use (req-")


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--state", "available"], {"status": "available"}),
        (["--attach-status", "detached"], {"attach_status": "detached"}),
        (["--migration-status", "error"], {"migration_status": "error"}),
        (["--reset-migration-status"], {"migration_status": "none"}),
        (
            ["--state", "error", "--reset-migration-status"],
            {"status": "error", "migration_status": "none"},
        ),
    ],
)
def test_reset_state(
    run: Run, service: FakeService, options: list[str], body: dict[str, str]
) -> None:
    service.add_volume("vol1")
    result = run("reset-state", "vol1", *options)

    assert (result.status, result.out, result.err) == (0, "", "")
    assert service.asked("POST", "/action$")[0].body == {"os-reset_status": body}


def test_reset_state_to_nothing_is_a_usage_error(run: Run, service: FakeService) -> None:
    result = run("reset-state", "vol1")

    assert result.status == 2
    assert result.err.startswith("At least one of --state")
    assert service.requests == []
