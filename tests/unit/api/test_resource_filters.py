# SPDX-License-Identifier: Apache-2.0
"""The filters that members may use: the file, its default, and what refuses."""

from __future__ import annotations

import json
import os
import pathlib

import pytest

from cinder_lite.api import faults, resource_filters
from tests.unit.api.client import MEMBER, Client
from tests.unit.conftest import SetOption

SAMPLE = pathlib.Path(__file__).parents[3] / "etc" / "cinder_lite" / "resource_filters.json"


@pytest.fixture
def file(tmp_path: pathlib.Path, option: SetOption) -> pathlib.Path:
    """Return the operator's file, not there yet."""
    path = tmp_path / "filters.json"
    option("resource_query_filters_file", str(path))
    return path


def test_the_file_that_is_delivered_holds_the_default() -> None:
    assert json.loads(SAMPLE.read_text()) == resource_filters.DEFAULT


def test_the_file_decides_and_is_read_again(file: pathlib.Path) -> None:
    assert resource_filters.configured() == resource_filters.DEFAULT
    file.write_text('{"volume": ["status"]}')
    assert resource_filters.configured() == {"volume": ["status"]}
    file.write_text('{"volume": ["size"]}')
    os.utime(file, ns=(1, 1))
    assert resource_filters.configured() == {"volume": ["size"]}


@pytest.mark.parametrize("content", ["", "[]", '{"volume": 5}', "{"])
def test_a_wrong_file_is_passed_over(file: pathlib.Path, content: str) -> None:
    file.write_text(content)
    assert resource_filters.configured() == resource_filters.DEFAULT


def test_like_filters_are_used_where_the_file_has_them(file: pathlib.Path) -> None:
    file.write_text('{"volume": ["name~", "status"]}')
    names = ["name", "name~", "status", "status~"]
    assert resource_filters.refused("volume", names, 34) == ["status~"]
    assert resource_filters.refused("volume", names, 33) == ["name", "status~"]


def test_what_clients_send_with_every_list_is_passed_over() -> None:
    resource_filters.check("volume", ["all_tenants", "name"], 31)
    with pytest.raises(faults.BadRequest, match=r"Invalid filters a,b are found"):
        resource_filters.check("volume", ["all_tenants", "a", "b"], 31)


def test_the_list_of_filters(api: Client, file: pathlib.Path) -> None:
    whole = api("GET", "/resource_filters", version="3.33", token=MEMBER).json["resource_filters"]
    assert {one["resource"]: one["filters"] for one in whole} == resource_filters.DEFAULT
    assert api("GET", "/resource_filters?resource=group").json == {
        "resource_filters": [{"resource": "group", "filters": ["name"]}]
    }
    assert api("GET", "/resource_filters?resource=nope").json == {"resource_filters": []}
    assert api("GET", "/resource_filters", version="3.32").status == 404


def test_a_member_s_filters_of_types(api: Client) -> None:
    assert api("GET", "/types?name=x", version="3.52", token=MEMBER).status == 400
    before = api("GET", "/types?name=x", version="3.51", token=MEMBER)
    assert [kind["name"] for kind in before.json["volume_types"]] == ["__DEFAULT__"]
    assert api("GET", "/types?name=x", version="3.52").json == {"volume_types": []}
