# SPDX-License-Identifier: Apache-2.0
"""Version documents, and the negotiation of the microversion on every call."""

from __future__ import annotations

import re

import pytest

from tests.unit.api.client import HOST, PROJECT, Client

DOCUMENT = {
    "versions": [
        {
            "id": "v3.0",
            "status": "CURRENT",
            "version": "3.71",
            "min_version": "3.0",
            "updated": "2023-08-31T00:00:00Z",
            "links": [
                {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
                {"rel": "self", "href": f"http://{HOST}/v3/"},
            ],
            "media-types": [
                {
                    "base": "application/json",
                    "type": "application/vnd.openstack.volume+json;version=3",
                }
            ],
        }
    ]
}


@pytest.mark.parametrize(
    ("path", "status"), [("/", 300), ("//", 300), ("/v3", 200), ("/v3/", 200), ("/v3//", 200)]
)
@pytest.mark.parametrize("token", [None, f"admin:{PROJECT}"])
def test_the_documents_are_open_to_everybody(
    api: Client, path: str, status: int, token: str | None
) -> None:
    answer = api("GET", path, version=None, token=token)
    assert (answer.status, answer.json) == (status, DOCUMENT)
    assert answer.headers["OpenStack-API-Version"] == "volume 3.0"
    assert answer.headers["Vary"] == "OpenStack-API-Version"
    assert answer.headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"req-[0-9a-f-]{36}", answer.headers["x-openstack-request-id"])
    assert answer.headers["x-compute-request-id"] == answer.headers["x-openstack-request-id"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_documents_answer_every_method(api: Client, method: str) -> None:
    assert api(method, "/").status == 300
    assert api(method, "/v3/").json == DOCUMENT


def test_head_and_options_have_no_body(api: Client) -> None:
    assert (api("HEAD", "/").status, api("HEAD", "/").raw) == (300, b"")
    assert (api("OPTIONS", "/").status, api("OPTIONS", "/volumes").status) == (200, 200)


def test_links_follow_the_host_that_was_asked_and_the_public_endpoint(
    api: Client, option: object
) -> None:
    answer = api("GET", "/", environ={"HTTP_HOST": "vol.example.com:1234"})
    assert answer.json["versions"][0]["links"][1]["href"] == "http://vol.example.com:1234/v3/"
    option("public_endpoint", "https://public.example.com/volume/")  # type: ignore[operator]
    links = api("GET", "/").json["versions"][0]["links"]
    assert links[1]["href"] == "https://public.example.com/volume/v3/"


def test_a_proxys_headers_are_not_believed_by_default(api: Client) -> None:
    answer = api(
        "GET", "/", environ={"HTTP_X_FORWARDED_HOST": "evil", "HTTP_X_FORWARDED_PROTO": "x"}
    )
    assert answer.json == DOCUMENT


@pytest.mark.parametrize("path", ["/", "/v3/", "/volumes"])
def test_versions_that_are_none_of_ours(api: Client, path: str) -> None:
    for version in ("3.72", "3.999", "2.0", "2.1", "4.0", "1.0"):
        answer = api("GET", path, version=version)
        assert answer.status == 406
        assert answer.json == {
            "computeFault": {
                "code": 406,
                "message": f"Version {version} is not supported by the API. "
                "Minimum is 3.0 and maximum is 3.71.",
            }
        }
        assert answer.headers["OpenStack-API-Version"] == f"volume {version}"


@pytest.mark.parametrize(
    "version",
    ["LATEST", "3.latest", "abc", "3", "3.", "3.01", "3.0.1", "-3.0", "0.0", "3.-1", "null"]
    + ["9" * 5000 + ".1", "3." + "9" * 5000],
)
def test_malformed_versions(api: Client, version: str) -> None:
    answer = api("GET", "/volumes", version=version)
    assert answer.status == 400
    assert answer.sentence == (
        f"API Version String {version} is of invalid format. Must be of format MajorNum.MinorNum."
    )


@pytest.mark.parametrize(
    ("header", "served"),
    [
        ("volume 3.50", "3.50"),
        ("volume latest", "3.71"),
        ("volume  3.50", "3.50"),
        ("volume 3.71 ", "3.71"),
        ("volumev3 3.50", "3.50"),
        ("compute 2.1,volume 3.50", "3.50"),
        ("volume 3.50, compute 2.1", "3.50"),
        ("volume 3.50,volume 3.60", "3.50"),
    ],
)
def test_header_forms(api: Client, header: str, served: str) -> None:
    answer = api("GET", "/volumes", environ={"HTTP_OPENSTACK_API_VERSION": header})
    assert answer.status == 200
    assert answer.headers["OpenStack-API-Version"] == f"volume {served}"


@pytest.mark.parametrize(
    "header",
    [
        "compute 3.50",
        "VOLUME 3.50",
        "volume",
        "volume ",
        "3.50",
        "volume 3.50 3.51",
        "volume=3.50",
        "",
    ],
)
def test_headers_that_name_no_version_of_ours(api: Client, header: str) -> None:
    answer = api("GET", "/volumes", environ={"HTTP_OPENSTACK_API_VERSION": header})
    assert answer.status == 400
    assert f"but is '{header}'" in answer.sentence


def test_without_a_header_the_first_version_is_served(api: Client) -> None:
    answer = api("GET", "/volumes", version=None)
    assert answer.headers["OpenStack-API-Version"] == "volume 3.0"


def test_406_comes_before_a_look_at_the_body(api: Client) -> None:
    assert api("POST", "/volumes", raw=b"{", version="3.999").status == 406


@pytest.mark.parametrize(
    ("path", "since"),
    [
        ("/messages", 3),
        ("/clusters", 7),
        ("/volumes/summary", 12),
        ("/groups", 13),
        ("/attachments", 27),
        ("/resource_filters", 33),
    ],
)
def test_calls_do_not_exist_before_their_microversion(api: Client, path: str, since: int) -> None:
    assert api("GET", path, version=f"3.{since - 1}").status == 404
    assert api("GET", path, version=f"3.{since}").status == 200
