# SPDX-License-Identifier: Apache-2.0
"""What unit tests share: options of one test, and a database of one test."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from oslo_config import cfg

import cinder_lite.conf  # noqa: F401  (registers the options)
from cinder_lite import context as request_context
from cinder_lite import keymgr
from cinder_lite.context import RequestContext
from cinder_lite.db import engine, schema

if TYPE_CHECKING:
    from tests.unit.keys import Keys

CONF = cfg.CONF

SetOption = Callable[..., None]


@pytest.fixture
def option() -> Iterator[SetOption]:
    """Return ``option(name, value, group=None)``, which sets an option for this test."""
    changed: list[tuple[str, str | None]] = []

    def change(name: str, value: Any, group: str | None = None) -> None:
        CONF.set_override(name, value, group=group)
        changed.append((name, group))

    yield change
    for name, group in changed:
        CONF.clear_override(name, group=group)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return an SQLite file with the newest schema, made once."""
    path = tmp_path_factory.mktemp("schema") / "template.sqlite"
    CONF.set_override("connection", f"sqlite:///{path}", group="database")
    try:
        schema.sync()
    finally:
        engine.dispose()
        CONF.clear_override("connection", group="database")
    return path


@pytest.fixture
def sqlite_database(
    sqlite_template: pathlib.Path, tmp_path: pathlib.Path, option: SetOption
) -> Iterator[str]:
    """Give the test an SQLite file of its own; returns the URL."""
    path = tmp_path / "test.sqlite"
    shutil.copyfile(sqlite_template, path)
    url = f"sqlite:///{path}"
    option("connection", url, group="database")
    engine.dispose()
    yield url
    engine.dispose()


@pytest.fixture
def admin() -> RequestContext:
    """Return an administrator's context."""
    return request_context.admin_context()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Give the test a key manager, and the service a user of its own there."""
    from tests.unit.keys import Keys  # brings castellan

    made = Keys()
    monkeypatch.setattr(keymgr, "_manager", made)
    monkeypatch.setattr(keymgr, "own", lambda context: made.service)
    return made
