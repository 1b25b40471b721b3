# SPDX-License-Identifier: Apache-2.0
"""The user of section [glance], at a Keystone that answers from memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from keystoneauth1 import exceptions

from cinder_lite import exception, service_auth
from cinder_lite.context import RequestContext
from cinder_lite.image import identity
from tests.unit.conftest import SetOption


class FakeSession:
    """A session that Keystone has answered."""

    broken: Exception | None = None

    def get_token(self) -> str:
        if self.broken is not None:
            raise self.broken
        return "its-token"

    def get_endpoint(self, **wanted: str) -> str | None:
        known = {"public": "http://public", "internal": "http://internal"}
        return known[wanted["interface"]] if wanted["service_type"] == "image" else None


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSession]:
    made = FakeSession()
    monkeypatch.setattr(identity, "_session", lambda group: made)
    yield made
    identity.forget()
    service_auth.forget()


@pytest.fixture
def asker() -> RequestContext:
    return RequestContext(overwrite=False)


def test_its_token_and_its_catalogue(
    session: FakeSession, asker: RequestContext, option: SetOption
) -> None:
    assert identity.headers(asker, own=True)["X-Auth-Token"] == "its-token"
    assert identity.endpoint(asker, own=True) == "http://public"
    option("glance_catalog_info", "image:glance:internalURL")
    assert identity.endpoint(asker, own=True) == "http://internal"
    option("glance_catalog_info", "other:glance:internalURL")
    assert identity.endpoint(asker, own=True) is None


def test_a_keystone_that_refuses(session: FakeSession, asker: RequestContext) -> None:
    session.broken = exceptions.Unauthorized("wrong password")
    with pytest.raises(exception.GlanceConnectionFailed, match=r"section \[glance\]: wrong pass"):
        identity.headers(asker, own=True)


def test_the_section_is_read(option: SetOption, asker: RequestContext) -> None:
    assert not identity.has_user()
    option("auth_type", "none", "glance")
    assert identity.has_user()
    assert identity._session("glance") is identity._session("glance")
    identity.forget()
    service_auth.forget()
