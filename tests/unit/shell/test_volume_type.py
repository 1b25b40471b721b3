# SPDX-License-Identifier: Apache-2.0
"""Commands on volume types."""

from __future__ import annotations

import pytest

from tests.unit.shell.conftest import Run
from tests.unit.shell.fake_service import FakeService


def test_type_list_includes_private_types(run: Run, service: FakeService) -> None:
    service.add_type("fast", extra_specs={"volume_backend_name": "nvme", "a": "b"})
    service.add_type("slow", is_public=False)
    result = run("type-list")

    assert service.requests[0].query == {"is_public": "None"}
    assert "| a=b, volume_backend_name=nvme |" in result.out
    assert [row["Public"] for row in run("type-list", "-f", "json").json] == [True, False]


def test_type_show_by_id_and_by_name(run: Run, service: FakeService) -> None:
    fast = service.add_type("fast")
    service.add_type("slow")

    for reference in ("fast", fast["id"]):
        shown = run("type-show", reference, "-f", "json").json
        assert shown["id"] == fast["id"]
        assert "os-volume-type-access:is_public" not in shown


@pytest.mark.parametrize("reference", ["fast", "00000000-0000-0000-0000-00000000dead"])
def test_type_show_of_nothing(run: Run, service: FakeService, reference: str) -> None:
    result = run("type-show", reference)

    assert result.status == 1
    assert result.err == f"No volume type that you may see has the name or id '{reference}'.\n"


def test_type_show_of_an_ambiguous_name(run: Run, service: FakeService) -> None:
    ids = [service.add_type("fast")["id"] for _ in range(2)]
    result = run("type-show", "fast")

    assert result.status == 1
    assert result.err == (
        f"More than one volume type is called 'fast'; use one of the ids {ids[0]}, {ids[1]}.\n"
    )


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ([], {"os-volume-type-access:is_public": True}),
        (["--private"], {"os-volume-type-access:is_public": False}),
        (
            ["--description", "quick", "--extra-specs", "a=b", "c=d"],
            {
                "os-volume-type-access:is_public": True,
                "description": "quick",
                "extra_specs": {"a": "b", "c": "d"},
            },
        ),
    ],
)
def test_type_create(
    run: Run, service: FakeService, options: list[str], body: dict[str, object]
) -> None:
    result = run("type-create", "fast", *options)

    assert result.status == 0
    assert service.requests[0].body == {"volume_type": {"name": "fast"} | body}


def test_type_delete(run: Run, service: FakeService) -> None:
    service.add_type("fast")

    assert run("type-delete", "fast") == (0, "", "")
    assert service.types == {}


def test_type_key_sets_all_at_once(run: Run, service: FakeService) -> None:
    fast = service.add_type("fast")

    assert run("type-key", "fast", "set", "a=b", "c=d=e") == (0, "", "")
    assert fast["extra_specs"] == {"a": "b", "c": "d=e"}
    assert len(service.asked("POST", "extra_specs")) == 1


def test_type_key_unsets_one_by_one(run: Run, service: FakeService) -> None:
    fast = service.add_type("fast", extra_specs={"a:b": "1", "c d": "2", "e": "3"})

    assert run("type-key", "fast", "unset", "a:b", "c d") == (0, "", "")
    assert fast["extra_specs"] == {"e": "3"}


def test_type_key_that_is_not_there(run: Run, service: FakeService) -> None:
    service.add_type("fast")
    result = run("type-key", "fast", "unset", "a")

    assert result.status == 1
    assert result.err.startswith("The extra specs of volume type fast cannot be changed: ")


@pytest.mark.parametrize("text", ["a", "=b"])
def test_type_key_set_needs_values(run: Run, service: FakeService, text: str) -> None:
    result = run("type-key", "fast", "set", text)

    assert result.status == 2
    assert result.err == (
        f"'{text}' is not of the form KEY=VALUE; see 'cinder-lite type-key --help'.\n"
    )
    assert service.requests == []
