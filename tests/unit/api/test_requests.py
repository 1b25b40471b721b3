# SPDX-License-Identifier: Apache-2.0
"""What every call checks: URL, project, body; and what its faults look like."""

from __future__ import annotations

import io
import logging
import re

import pytest
from sqlalchemy import exc as sa_exc

from cinder_lite.api import deps
from cinder_lite.api.v3 import volumes
from tests.unit.api.client import ADMIN, NOBODY, OTHER_PROJECT, PROJECT, Client

NOT_FOUND = {"itemNotFound": {"code": 404, "message": "The resource could not be found."}}


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/v2",
        "/v3/nope",
        "/v3.json",
        f"/v3/{PROJECT}",
        f"/v3/{PROJECT}/",
        "/volumes/",
        f"/volumes/{NOBODY}/",
        "/volumes/a/b/c",
        "/v3/notaproject!/volumes",
        "/os-services/x",
    ],
)
def test_unknown_urls(api: Client, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = api(method, path)
        assert (answer.status, answer.json) == (404, NOT_FOUND)
        assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/volumes"),
        ("PUT", "/volumes"),
        ("DELETE", "/volumes"),
        ("POST", f"/volumes/{NOBODY}"),
        ("POST", "/volumes/detail"),
        ("GET", f"/volumes/{NOBODY}/action"),
        ("FOO", "/volumes"),
        ("POST", "/os-services"),
        ("DELETE", "/limits"),
        ("POST", "/scheduler-stats/get_pools"),
        ("PUT", "/os-services/nope"),
    ],
)
def test_wrong_methods_are_not_found_as_in_cinder(api: Client, method: str, path: str) -> None:
    assert api(method, path).status == 404


def test_head_of_a_resource_is_404_without_a_body(api: Client) -> None:
    answer = api("HEAD", "/volumes")
    assert (answer.status, answer.raw) == (404, b"")


def test_the_project_is_optional_in_the_url(api: Client) -> None:
    for version in (None, "3.66", "3.67"):
        assert api("GET", "/v3/volumes", version=version).json == {"volumes": []}


def test_the_project_in_the_url_must_be_the_tokens(api: Client) -> None:
    answer = api("GET", f"/v3/{OTHER_PROJECT}/volumes")
    assert answer.status == 400
    assert answer.sentence.startswith("Malformed request url")


def test_a_url_may_end_in_json(api: Client) -> None:
    assert api("GET", "/volumes.json").json == {"volumes": []}


@pytest.mark.parametrize("path", ["/volumes/\xff", "/volumes/\0", "/vol\xc3\xb6lumes"])
def test_paths_that_no_route_can_have(api: Client, path: str) -> None:
    assert api("GET", path).status == 404


def test_a_path_in_utf_8_is_decoded(api: Client) -> None:
    answer = api("GET", "/volumes/\xe4\xb8\xad")
    assert answer.sentence == "Volume 中 could not be found."


@pytest.mark.parametrize("query", ["limit=%ff", "name=%00", "%00=x"])
def test_queries_that_can_not_be_decoded(api: Client, query: str) -> None:
    answer = api("GET", f"/volumes?{query}")
    assert answer.status == 400
    assert answer.sentence.startswith("The query of the URL")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"{", "Malformed request body: it is not JSON in UTF-8."),
        (b"\xff\xfe{}", "Malformed request body: it is not JSON in UTF-8."),
        (b'{"volume": {"size": NaN}}', "Malformed request body: it is not JSON in UTF-8."),
        (b'{"volume": {"name": "\\ud800"}}', "Malformed request body: it is not JSON in UTF-8."),
        (b'{"volume": {"name": "\\u0000"}}', "Malformed request body: it holds a NUL character."),
        (b"", "The request needs a body in JSON and has none."),
        (b"[]", "[] is not of type 'object'"),
        (b"null", "None is not of type 'object'"),
        (b'"x"', "'x' is not of type 'object'"),
        (b"1", "1 is not of type 'object'"),
        (b"{}", "'volume' is a required property"),
        (b'{"a": 1, "a": 2}', "'volume' is a required property"),
        (
            b'{"volume": null}',
            "Invalid input for field/attribute volume. Value: None. None is not of type 'object'",
        ),
        (
            b'{"volume": {"size": 1}, "extra": 1}',
            "Additional properties are not allowed ('extra' was unexpected)",
        ),
    ],
)
def test_bad_bodies(api: Client, raw: bytes, sentence: str) -> None:
    answer = api("POST", "/volumes", raw=raw)
    assert (answer.status, answer.sentence) == (400, sentence)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/JSON",
        "multipart/form-data; boundary=x",
        "bogus",
    ],
)
@pytest.mark.parametrize("path", ["/volumes", f"/volumes/{NOBODY}/action", "/types"])
def test_bodies_of_another_type(api: Client, path: str, content_type: str | None) -> None:
    answer = api("POST", path, {"volume": {}}, content_type=content_type)
    assert answer.status == 415
    assert list(answer.json) == ["badMediaType"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "application/vnd.openstack.volume+json"],
)
def test_bodies_of_the_types_accepted(api: Client, content_type: str) -> None:
    answer = api("POST", "/volumes", {"volume": {"size": "bad"}}, content_type=content_type)
    assert answer.sentence == (
        "Invalid input for field/attribute size. Value: bad. 'bad' does not match '^[0-9]+$'"
    )


def test_the_largest_body_accepted(api: Client) -> None:
    def sized(length: int) -> bytes:
        frame = b'{"volume": {"name": "", "size": 1}}'
        return frame.replace(b'""', b'"' + b"x" * (length - len(frame)) + b'"')

    assert api("POST", "/volumes", raw=sized(114688)).status == 400
    answer = api("POST", "/volumes", raw=sized(114689))
    assert answer.status == 413
    assert answer.sentence == (
        "The request body is larger than 114688 bytes, which is the most accepted."
    )
    assert "x-openstack-request-id" in answer.headers
    assert api("POST", "/volumes", raw=b"", environ={"CONTENT_LENGTH": "9" * 30}).status == 413


def test_a_body_of_unknown_length_is_measured_as_it_is_read(api: Client) -> None:
    environ = {
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(b'{"volume": {"size": "bad"}}'),
    }
    assert api("POST", "/volumes", environ=environ).status == 400
    environ["wsgi.input"] = io.BytesIO(b"x" * 200_000)
    assert api("POST", "/volumes", environ=environ).status == 413


def test_a_content_length_that_is_no_number(api: Client) -> None:
    answer = api("POST", "/volumes", raw=b"{}", environ={"CONTENT_LENGTH": "-5x"})
    assert answer.status == 400


def test_a_global_request_id_is_kept_but_not_echoed(api: Client) -> None:
    sent = "req-11111111-2222-3333-4444-555555555555"
    answer = api("GET", "/volumes", environ={"HTTP_X_OPENSTACK_REQUEST_ID": sent})
    assert re.fullmatch(r"req-[0-9a-f-]{36}", answer.headers["x-openstack-request-id"])
    assert answer.headers["x-openstack-request-id"] != sent


class _BrokenApi:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def services(self, *_args: object, **_kwargs: object) -> None:
        raise self.error


def test_an_unexpected_error_is_a_500_with_the_request_id_and_is_logged(
    api: Client, caplog: pytest.LogCaptureFixture
) -> None:
    deps.set_volume_api(_BrokenApi(RuntimeError("secret detail")))
    with caplog.at_level(logging.ERROR):
        answer = api("GET", "/os-services")
    assert answer.status == 500
    assert list(answer.json) == ["computeFault"]
    assert b"secret" not in answer.raw and b"Traceback" not in answer.raw
    assert answer.headers["x-openstack-request-id"] in answer.sentence
    assert "secret detail" in caplog.text


def test_a_database_that_is_gone_is_a_503(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object, **_kwargs: object) -> None:
        raise sa_exc.OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(volumes.volume_views, "show", gone)
    answer = api("GET", f"/volumes/{NOBODY}")
    assert (answer.status, answer.sentence) == (
        503,
        "The database does not answer. Try again later.",
    )


def test_an_error_from_the_other_side_of_rpc_loses_its_traceback(api: Client) -> None:
    class Remote(volumes.exception.NotFound):
        pass

    deps.set_volume_api(
        _BrokenApi(Remote("Nothing here.\nTraceback (most recent call last):\n  File x"))
    )
    assert api("GET", "/os-services").sentence == "Nothing here."


def test_the_healthcheck_needs_no_token(api: Client) -> None:
    answer = api("GET", "/healthcheck", token=None, version=None)
    assert (answer.status, answer.json) == (200, {"detailed": False, "reasons": ["OK"]})


def test_options_of_any_resource(api: Client) -> None:
    answer = api("OPTIONS", "/volumes", token=ADMIN)
    assert (answer.status, answer.raw) == (200, b"")
