# SPDX-License-Identifier: Apache-2.0
"""Keystone's tokens in memcached: a library that is missing is told before the first request."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from keystonemiddleware import auth_token

from cinder_lite.api import loader
from cinder_lite.api.middleware import request_id, token_cache
from cinder_lite.cmd import http
from tests.unit.api.client import Client
from tests.unit.conftest import SetOption

GROUP = "keystone_authtoken"
Without = Callable[..., None]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Without:
    """Return a function that makes modules look as if they were not installed."""
    real = importlib.util.find_spec

    def hide(*hidden: str) -> None:
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name in hidden else real("json")
        )

    return hide


@pytest.mark.parametrize(
    ("switch", "module", "package"),
    [
        (None, "memcache", "python-memcached"),
        ("memcache_tls_enabled", "bmemcached", "python-binary-memcached"),
        ("memcache_sasl_enabled", "bmemcached", "python-binary-memcached"),
    ],
)
def test_a_missing_library(
    option: SetOption,
    without: Without,
    caplog: pytest.LogCaptureFixture,
    switch: str | None,
    module: str,
    package: str,
) -> None:
    assert auth_token is not None  # registers the options
    option("memcached_servers", ["127.0.0.1:11211"], GROUP)
    if switch is not None:
        option(switch, True, GROUP)
    without(module)
    with caplog.at_level(logging.CRITICAL), pytest.raises(SystemExit, match=package):
        token_cache.check()
    [record] = caplog.records
    assert record.getMessage().startswith("[keystone_authtoken] memcached_servers is set, but ")


def test_a_library_that_is_there(option: SetOption, without: Without) -> None:
    option("memcached_servers", ["127.0.0.1:11211"], GROUP)
    without()
    token_cache.check()


def test_no_library_is_needed_without_memcached(option: SetOption, without: Without) -> None:
    option("memcached_servers", None, GROUP)
    without("memcache", "bmemcached")
    token_cache.check()


def test_the_api_does_not_start_without_it(
    api: Client, option: SetOption, without: Without
) -> None:
    option("memcached_servers", ["127.0.0.1:11211"], GROUP)
    without("memcache")
    loader.load_app()  # with noauth it is not needed
    option("auth_strategy", "keystone")
    for start in (loader.load_app, http.HttpService):
        with pytest.raises(SystemExit, match="python-memcached"):
            start()


def test_what_a_filter_raises_is_logged_and_answered(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_environ: dict[str, Any], _start: Any) -> Iterable[bytes]:
        raise ImportError("No module named 'memcache'")

    with caplog.at_level(logging.ERROR):
        answer = Client(request_id.filter_factory({})(broken))("GET", "/volumes")
    assert answer.status == 500
    name = answer.headers["x-openstack-request-id"]
    assert name in answer.sentence
    assert "memcache" not in answer.sentence
    [record] = caplog.records
    assert name in record.getMessage()
    assert record.exc_info is not None


def test_a_filter_that_breaks_after_it_has_begun_to_answer_is_left_to_the_server() -> None:
    def broken(_environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [])
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        Client(request_id.filter_factory({})(broken))("GET", "/volumes")
