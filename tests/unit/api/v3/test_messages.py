# SPDX-License-Identifier: Apache-2.0
"""/messages: list, show, delete, and who sees what."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from cinder_lite import message
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, messages, models
from cinder_lite.objects import utcnow
from tests.unit import rows
from tests.unit.api.client import HOST, MEMBER, NOBODY, OTHER_PROJECT, PROJECT, Client

VOLUME = "00000000-0000-0000-0000-00000000000a"


def _leave(project: str = PROJECT, resource: str = VOLUME, **values: Any) -> None:
    context = RequestContext(project_id=project, request_id="req-1", overwrite=False)
    given = {"action": message.Action.SCHEDULE_ALLOCATE_VOLUME, **values}
    message.create(context, given.pop("action"), resource, **given)


def _ids(api: Client, query: str = "", **options: Any) -> list[str]:
    listed = api("GET", f"/messages{query}", **options).json["messages"]
    return [one["resource_uuid"] for one in listed]


def test_what_a_message_looks_like(api: Client) -> None:
    _leave(detail=message.Detail.NO_BACKEND_AVAILABLE)
    (listed,) = api("GET", "/messages", version="3.3", token=MEMBER).json["messages"]
    key = listed["id"]
    assert list(listed.items()) == [
        ("id", key),
        ("event_id", "VOLUME_VOLUME_001_003"),
        (
            "user_message",
            "schedule allocate volume:No storage backend can take it. Try a smaller size or "
            "another volume type, or ask the operator for room.",
        ),
        ("message_level", "ERROR"),
        ("created_at", listed["created_at"]),
        ("guaranteed_until", listed["guaranteed_until"]),
        ("request_id", "req-1"),
        (
            "links",
            [
                {"rel": "self", "href": f"http://{HOST}/v3/{PROJECT}/messages/{key}"},
                {"rel": "bookmark", "href": f"http://{HOST}/{PROJECT}/messages/{key}"},
            ],
        ),
        ("resource_type", "VOLUME"),
        ("resource_uuid", VOLUME),
    ]
    until, made = (
        datetime.datetime.fromisoformat(listed[name]) for name in ("guaranteed_until", "created_at")
    )
    assert round((until - made).total_seconds()) == 2592000
    assert api("GET", f"/messages/{key}", token=MEMBER).json == {"message": listed}


def test_delete(api: Client) -> None:
    _leave()
    key = api("GET", "/messages").json["messages"][0]["id"]
    gone = api("DELETE", f"/messages/{key}", token=MEMBER)
    assert (gone.status, gone.raw) == (204, b"")
    assert api("GET", f"/messages/{key}").status == 404
    assert api("DELETE", f"/messages/{key}").sentence == f"Message {key} could not be found."


def test_projects_see_their_own(api: Client) -> None:
    _leave(OTHER_PROJECT)
    key = api("GET", "/messages").json["messages"][0]["id"]
    assert _ids(api, token=MEMBER) == []
    for method in ("GET", "DELETE"):
        assert api(method, f"/messages/{key}", token=MEMBER).status == 404
    assert len(_ids(api)) == 1


def test_pages_and_sorting(api: Client) -> None:
    names = [f"00000000-0000-0000-0000-00000000000{n}" for n in range(5)]
    for name in names:
        _leave(resource=name)
    assert _ids(api) == names[::-1]
    assert _ids(api, "?sort=resource_uuid:asc") == names
    seen: list[str] = []
    query = "?limit=2&sort=request_id:asc,resource_uuid:asc"
    while query:
        page = api("GET", f"/messages{query}").json
        seen += [one["resource_uuid"] for one in page["messages"]]
        links = page.get("messages_links")
        query = "?" + links[0]["href"].partition("?")[2] if links else ""
    assert seen == names
    assert _ids(api, "?limit=0") == []
    assert len(_ids(api, "?limit=1", version="3.4")) == 5
    assert api("GET", f"/messages?marker={NOBODY}").status == 404
    assert api("GET", "/messages?sort=bogus").status == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("resource_uuid=" + VOLUME, 1),
        ("resource_uuid=" + NOBODY, 0),
        ("resource_type=VOLUME", 1),
        ("event_id=VOLUME_VOLUME_001_001", 1),
        ("request_id=req-1", 1),
        ("message_level=INFO", 0),
    ],
)
def test_filters(api: Client, query: str, found: int) -> None:
    _leave()
    for token in (MEMBER, None):
        assert len(_ids(api, f"?{query}", **({"token": token} if token else {}))) == found


def test_filters_that_are_not_known(api: Client) -> None:
    _leave()
    assert api("GET", "/messages?bogus=1", token=MEMBER).status == 400
    assert api("GET", "/messages?bogus=1", token=MEMBER, version="3.30").json == {"messages": []}
    assert _ids(api, "?bogus=1") == []
    assert _ids(api, f"?detail_id=001&project_id={PROJECT}") == [VOLUME]


def test_before_3_3_there_are_none(api: Client) -> None:
    assert api("GET", "/messages", version="3.2").status == 404


def test_messages_expire(api: Client) -> None:
    _leave()
    _leave()
    key = api("GET", "/messages").json["messages"][0]["id"]
    with engine.transaction() as connection:
        connection.execute(
            sa.update(models.messages)
            .where(models.messages.c.id == key)
            .values(expires_at=utcnow() - datetime.timedelta(seconds=1))
        )
    assert messages.destroy_expired() == 1
    assert len(_ids(api)) == 1


def test_a_message_that_can_not_be_kept_harms_nothing(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_values: Any) -> str:
        raise RuntimeError("no database")

    monkeypatch.setattr(messages, "create", broken)
    _leave()


def test_codes_are_used_once() -> None:
    for kind in (message.Action, message.Detail):
        codes = [member.value.code for member in kind]  # type: ignore[attr-defined]
        assert len(codes) == len(set(codes)) == len(kind)


def test_whom_a_message_without_a_caller_is_for(api: Client) -> None:
    nobody = RequestContext(overwrite=False)
    message.create(nobody, message.Action.DELETE_VOLUME, rows.new_id())
    assert _ids(api) == []
    message.create(nobody, message.Action.DELETE_VOLUME, VOLUME, project_id=PROJECT)
    assert _ids(api, token=MEMBER) == [VOLUME]
