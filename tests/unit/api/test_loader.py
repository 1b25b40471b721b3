# SPDX-License-Identifier: Apache-2.0
"""The paste file: where it is looked for and what it makes; the routing table as a tree."""

from __future__ import annotations

import pathlib

import pytest
from oslo_config import cfg

from cinder_lite.api import loader
from cinder_lite.api.router import Route, Router
from tests.unit.api.client import Client
from tests.unit.conftest import SetOption

CONF = cfg.CONF


def _handler(*_args: object) -> None:
    return None


def test_the_paste_file_of_the_source_tree_is_found(option: SetOption) -> None:
    option("api_paste_config", "api-paste.ini")
    assert loader.paste_file().endswith("/etc/cinder_lite/api-paste.ini")


def test_an_absolute_path_is_taken_as_it_is(option: SetOption, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "other.ini"
    option("api_paste_config", str(path))
    with pytest.raises(SystemExit, match="There is no file"):
        loader.paste_file()
    path.write_text("[app:main]\n")
    assert loader.paste_file() == str(path)


def test_optional_filters_are_in_the_pipeline_when_switched_on(
    api: Client, option: SetOption
) -> None:
    option("enable_proxy_headers_parsing", True, "oslo_middleware")
    option("allowed_origin", ["http://horizon.example"], "cors")
    behind = Client(loader.load_app())
    answer = behind(
        "GET",
        "/",
        environ={
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_X_FORWARDED_HOST": "public.example.com",
            "HTTP_ORIGIN": "http://horizon.example",
        },
    )
    assert answer.json["versions"][0]["links"][1]["href"] == "https://public.example.com/v3/"
    assert answer.headers["Access-Control-Allow-Origin"] == "http://horizon.example"
    assert "Access-Control-Allow-Origin" not in api("GET", "/").headers


def test_routes() -> None:
    router = Router(
        [
            Route("GET", "/things", _handler),
            Route("GET", "/things/all", _handler, status=299),
            Route("GET", "/things/{thing_id}", _handler),
            Route("PUT", "/things/{thing_id}/parts/{part}", _handler),
        ]
    )

    def match(method: str, path: str) -> tuple[int | None, str | None, dict[str, str]]:
        route, project, names = router.match(method, path)
        return (route.status if route else None), project, names

    assert match("GET", "/v3/things") == (200, None, {})
    assert match("GET", "/v3/p1/things") == (200, "p1", {})
    assert match("GET", "/v3/things/all") == (299, None, {})
    assert match("GET", "/v3/p1/things/7") == (200, "p1", {"thing_id": "7"})
    assert match("PUT", "/v3/things/7/parts/x") == (200, None, {"thing_id": "7", "part": "x"})
    for method, path in (
        ("POST", "/v3/things"),
        ("GET", "/v3/things/"),
        ("GET", "/v3/things/7/"),
        ("GET", "/v3/things/7/other"),
        ("GET", "/v3/p1"),
        ("GET", "/v3/p1/p2/things"),
        ("GET", "/v4/things"),
        ("GET", "/v3"),
        ("GET", ""),
    ):
        assert match(method, path)[0] is None, path
    assert router.project_of("/v3/p1/things") == "p1"
    assert router.project_of("/v3/things") is None
    assert router.project_of("/v3/no way/things") is None


def test_a_project_may_have_any_name_of_letters_digits_and_dashes(api: Client) -> None:
    for project in ("admin", "demo_1", "a" * 255, "0123-ABC"):
        answer = api("GET", f"/v3/{project}/volumes", token=f"u:{project}")
        assert answer.json == {"volumes": []}
    assert api("GET", f"/v3/{'a' * 256}/volumes").status == 404
