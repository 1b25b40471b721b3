# SPDX-License-Identifier: Apache-2.0
"""A backend's options: its own section, the shared one, and what is derived of them."""

from __future__ import annotations

import pathlib

import pytest
from oslo_config import cfg

from cinder_lite.conf.backend import BackendConfiguration


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", None),
        ("[ssd]\nvolume_dd_blocksize = 4M\n", None),
        ("[ssd]\nvolume_copy_engine = dd\n", "1M"),
        ("[ssd]\nvolume_copy_engine = dd\n[backend_defaults]\nvolume_dd_blocksize = 4M\n", "4M"),
        ("[backend_defaults]\nvolume_copy_engine = dd\n[ssd]\nvolume_dd_blocksize = 8M\n", "8M"),
    ],
)
def test_dd_copies_only_where_it_is_chosen(
    tmp_path: pathlib.Path, text: str, asked: str | None
) -> None:
    path = tmp_path / "cinder_lite.conf"
    path.write_text(text)
    conf = cfg.ConfigOpts()
    conf(["--config-file", str(path)])
    assert BackendConfiguration("ssd", conf).dd_blocksize == asked
