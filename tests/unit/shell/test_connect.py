# SPDX-License-Identifier: Apache-2.0
"""Where the service is, who asks, and what is said when there is no service."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from cinder_lite.shell import connect
from tests.unit.shell.conftest import Run
from tests.unit.shell.fake_service import FakeService, Request, fault

CLOUD = (
    *("--os-username", "u", "--os-password", "secret", "--os-project-name", "p"),
    *("--os-user-domain-name", "Default", "--os-project-domain-name", "Default"),
)


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def cloud(service: FakeService, run: Run, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Options of the fake Keystone's cloud, instead of a plain endpoint."""
    monkeypatch.delenv("CINDER_LITE_ENDPOINT")
    return ("--os-auth-url", f"{service.url}/identity/v3", *CLOUD)


@pytest.mark.parametrize(
    ("url", "project", "complete"),
    [
        ("http://h:8776", "p", "http://h:8776/v3/p"),
        ("http://h:8776/", "p", "http://h:8776/v3/p"),
        ("http://h:8776/v3/", "p", "http://h:8776/v3/p"),
        ("http://h:8776/v3/other", "p", "http://h:8776/v3/other"),
        ("https://h/volume", "p", "https://h/volume/v3/p"),
        ("https://h/volume/v3", None, "https://h/volume/v3"),
        ("https://h/volume", None, "https://h/volume/v3"),
    ],
)
def test_volume_url(url: str, project: str | None, complete: str) -> None:
    assert connect.volume_url(url, project) == complete


def test_plain_endpoint_is_asked_as_admin(run: Run, service: FakeService) -> None:
    run("list")

    request = service.requests[0]
    assert request.path == "/v3/admin/volumes/detail"
    assert request.headers["X-Auth-Token"] == "admin:admin"
    assert request.headers["OpenStack-API-Version"] == "volume 3.71"
    assert request.headers["User-Agent"].startswith("cinder-lite/")
    assert len(service.requests) == 1


def test_plain_token_names_user_and_project(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("--token", "bob:tenant-1", "list")
    monkeypatch.setenv("CINDER_LITE_TOKEN", "eve:tenant-2")
    run("list")

    assert [request.path for request in service.requests] == [
        "/v3/tenant-1/volumes/detail",
        "/v3/tenant-2/volumes/detail",
    ]
    assert service.requests[0].headers["X-Auth-Token"] == "bob:tenant-1"


def test_endpoint_option_wins_over_the_variable(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CINDER_LITE_ENDPOINT", "http://127.0.0.1:1")

    assert run("--endpoint", service.url, "list").status == 0
    assert run("list", "--endpoint", service.url).status == 0


def test_auth_type_none_with_an_endpoint(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CINDER_LITE_ENDPOINT")
    result = run("--os-auth-type", "none", "--os-endpoint", service.url, "list")

    assert (result.status, result.err) == (0, "")
    request = service.requests[0]
    assert request.path == "/v3/admin/volumes/detail"
    # keystoneauth's own stand-in for a token; the service takes it for none
    assert request.headers["X-Auth-Token"] == "notused"
    assert request.headers["OpenStack-API-Version"] == "volume 3.71"


def test_auth_type_none_from_the_environment(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CINDER_LITE_ENDPOINT")
    monkeypatch.setenv("OS_AUTH_TYPE", "none")
    monkeypatch.setenv("OS_ENDPOINT", f"{service.url}/v3/tenant")

    assert run("list").status == 0
    assert service.requests[0].path == "/v3/tenant/volumes/detail"


def test_keystone_by_options(run: Run, service: FakeService, cloud: tuple[str, ...]) -> None:
    result = run(*cloud, "list")

    assert (result.status, result.err) == (0, "")
    request = service.requests[-1]
    assert request.path == "/v3/cloudproject/volumes/detail"
    assert request.headers["X-Auth-Token"] == "a-token"
    assert request.headers["OpenStack-API-Version"] == "volume 3.71"
    assert [r.path for r in service.requests[:-1]] == ["/identity/v3", "/identity/v3/auth/tokens"]


def test_keystone_by_clouds_yaml(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(
        f"clouds: {{mine: {{auth: {{auth_url: '{service.url}/identity/v3', username: u,"
        " password: p, project_name: p, user_domain_name: D, project_domain_name: D}}}"
    )
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))

    # --os-cloud wins over CINDER_LITE_ENDPOINT, which the run fixture sets
    result = run("--os-cloud", "mine", "list")
    assert (result.status, result.err) == (0, "")
    assert service.requests[-1].path == "/v3/cloudproject/volumes/detail"

    result = run("--os-cloud", "yours", "list")
    assert result.status == 2
    assert result.err == "The connection settings cannot be used: Cloud yours was not found.\n"


def test_endpoint_override_leaves_the_catalogue_alone(
    run: Run, service: FakeService, cloud: tuple[str, ...]
) -> None:
    assert run(*cloud, "--os-endpoint-override", service.url, "list").status == 0
    assert service.requests[-1].path == "/v3/volumes/detail"


def test_incomplete_settings_name_what_is_missing(
    run: Run, service: FakeService, cloud: tuple[str, ...]
) -> None:
    result = run("--os-username", "u", "list")

    assert result.status == 2
    assert result.err.startswith("The connection settings cannot be used: these are missing: auth")


def test_wrong_password(run: Run, service: FakeService, cloud: tuple[str, ...]) -> None:
    refusal = {"error": {"code": 401, "message": "Who are you?", "title": "Unauthorized"}}
    service.plan("POST", "/auth/tokens", (401, refusal))
    result = run(*cloud, "list")

    assert result.status == 1
    assert result.err.startswith("Keystone did not issue a token: Who are you? (req-")
    assert result.err.count("\n") == result.err.count("(req-") == 1


def test_unknown_region(run: Run, service: FakeService, cloud: tuple[str, ...]) -> None:
    result = run(*cloud, "--os-region-name", "nowhere", "list")

    assert result.status == 3
    assert result.err.startswith("The volume service cannot be reached (")
    assert "check the network, and the cloud's settings" in result.err
    assert result.err.count("\n") == 1


def test_keystone_that_is_not_there(
    run: Run, service: FakeService, cloud: tuple[str, ...], free_port: int
) -> None:
    result = run("--os-auth-url", f"http://127.0.0.1:{free_port}/v3", *CLOUD, "list")

    assert result.status == 3
    assert result.err == (
        f"The service at http://127.0.0.1:{free_port} cannot be reached (connection refused): "
        "check the network, and the cloud's settings (auth_url, region, interface).\n"
    )


def test_service_that_is_not_there(run: Run, free_port: int) -> None:
    result = run("--endpoint", f"http://127.0.0.1:{free_port}", "migrate", "vol1", "h@b#p")

    assert (result.status, result.out) == (3, "")
    assert result.err == (
        f"The service at http://127.0.0.1:{free_port} cannot be reached (connection refused): "
        "check that it runs, and the address given with --endpoint.\n"
    )


def test_service_that_does_not_answer_in_time(
    run: Run, service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "REQUEST_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = run("--endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}", "list")

    assert result.status == 3
    assert "cannot be reached (no answer in time): check" in result.err


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((200, b"<html>hello</html>"), "its answer is not JSON"),
        ((200, {"servers": []}), "there is no 'volumes' in its answer"),
        ((200, []), "its answer is not a JSON object"),
        ((204, None), "its answer is not JSON"),
        ((300, {"versions": []}), "HTTP status 300"),
    ],
)
def test_something_else_that_answers(
    run: Run, service: FakeService, answer: tuple[int, Any], told: str
) -> None:
    service.plan("GET", "/volumes", answer)
    result = run("list")

    assert result.status == 3
    assert result.err == (
        f"What answers at {service.url}/v3/admin/volumes/detail is not a Volume API v3 ({told}): "
        "check the address and its path.\n"
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (fault(403, "Policy doesn't allow it.", "forbidden"), "Policy doesn't allow it"),
        (
            (404, {"message": "Not here.<br /><br />\n\n\n", "code": "404", "title": "x"}),
            "Not here",
        ),
        ((401, {"error": {"code": 401, "message": "Who?"}}), "Who?"),
        ((502, b"<html>Bad Gateway</html>"), "HTTP status 502 Bad Gateway"),
        ((500, {"computeFault": {"code": 500}}), "HTTP status 500 Internal Server Error"),
        ((500, ["odd"]), "HTTP status 500 Internal Server Error"),
        (fault(400, "Value <no> is bad: 1 < 2."), "Value is bad: 1 < 2"),
    ],
)
def test_refusals_become_one_sentence(
    run: Run, service: FakeService, answer: tuple[int, Any], told: str
) -> None:
    service.plan("GET", "/volumes", answer)
    result = run("list")

    assert (result.status, result.out) == (1, "")
    assert result.err.startswith(f"Volumes cannot be listed: {told} (req-")
    assert result.err.endswith(").\n")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--endpoint", "127.0.0.1:8776"), "'127.0.0.1:8776' is not an http:// or https://"),
        (("--endpoint", "http://h", "--os-cloud", "x"), "--endpoint and the --os-* options"),
    ],
)
def test_contradictions_are_usage_errors(
    run: Run, service: FakeService, options: tuple[str, ...], told: str
) -> None:
    result = run(*options, "list")

    assert result.status == 2
    assert result.err.startswith(told)
    assert service.requests == []


def test_redirections_are_followed(run: Run, service: FakeService) -> None:
    service.add_volume("vol1")
    asked: list[Request] = []

    def note(request: Request) -> tuple[int, Any]:
        asked.append(request)
        return 200, {"volumes": []}

    service.plan("GET", "/volumes/detail", note)
    assert run("--endpoint", f"{service.url}/v3/", "list").status == 0
    assert asked[0].path == "/v3/admin/volumes/detail"
