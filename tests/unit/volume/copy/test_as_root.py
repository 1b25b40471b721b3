# SPDX-License-Identifier: Apache-2.0
"""Tests of copies that a stand-in for rootwrap runs as root."""

from __future__ import annotations

import pathlib
import re
import shlex
import sys

import pytest

from cinder_lite import cgroup
from cinder_lite.volume.copy import Throttle, copier, copy_volume, dd
from cinder_lite.volume.copy.progress import Meter
from tests.unit.volume.copy.conftest import MIB, digest

FILTERS = pathlib.Path(__file__).parents[4] / "rootwrap.d/volume.filters"
HELPER = """\
import os, sys
words = sys.argv[1:]
open({log!r}, "w").write("\\n".join(words))
if {refuses}:
    sys.exit({refuses})
os.execvp("dd", ["dd", *words[4:]])
"""


@pytest.fixture
def log(tmp_path: pathlib.Path) -> pathlib.Path:
    """What the stand-in was asked for."""
    return tmp_path / "log"


def helper(log: pathlib.Path, refuses: int = 0) -> str:
    """Return the words of the stand-in.

    :param refuses: the exit status with which it refuses to run dd, 0: it runs it
    """
    program = log.with_name("helper.py")
    program.write_text(HELPER.format(log=str(log), refuses=refuses))
    return shlex.join([sys.executable, str(program)])


def test_dd_gets_its_group_and_limit(image: str, blank: str, log: pathlib.Path) -> None:
    with Throttle(1 << 40, "copies").subcommand(image, blank) as (limit, group):
        dd.copy(
            *(image, blank, 4 * MIB, MIB),
            meter=Meter(4 * MIB, None),
            limit=limit,
            group=group,
            root_helper=helper(log),
        )
    assert digest(blank) == digest(image)
    words = log.read_text().splitlines()
    assert words[:4] == ["cinder-lite-copy", "dd", "group=copies", f"limit={1 << 40}"]


@pytest.mark.parametrize("block", [MIB, 1000])
@pytest.mark.parametrize("sparse", [True, False])
def test_the_filters_know_the_command(
    image: str, blank: str, log: pathlib.Path, block: int, sparse: bool
) -> None:
    meter = Meter(4 * MIB, None)
    dd.copy(image, blank, 4 * MIB, block, meter=meter, sparse=sparse, root_helper=helper(log))
    names = {f"if={image}": "if=/dev/mapper/a-b", f"of={blank}": "of=/dev/sdc"}
    words = [names.get(word, word) for word in log.read_text().splitlines()]
    fitting = [
        name
        for name, _, rest in (line.partition(": ") for line in FILTERS.read_text().splitlines())
        if name.startswith("copy_dd") and _fit(re.split(r",\s*", rest)[3:], words)
    ]
    assert len(fitting) == 1, words


def _fit(patterns: list[str], words: list[str]) -> bool:
    return len(patterns) == len(words) and all(map(re.fullmatch, patterns, words))


def test_a_kernel_that_keeps_no_limit_says_so(image: str, blank: str, log: pathlib.Path) -> None:
    with pytest.raises(dd.NoLimit):
        dd.copy(
            *(image, blank, 4 * MIB, MIB),
            meter=Meter(4 * MIB, None),
            limit=lambda: 1,
            root_helper=helper(log, cgroup.NO_LIMIT),
        )


@pytest.mark.parametrize(
    ("group", "refuses", "engine"),
    [
        ("/sys/fs/cgroup", 0, "dd"),
        ("/sys/fs/cgroup", cgroup.NO_LIMIT, "native"),
        (None, 0, "native"),
    ],
)
def test_who_copies_under_a_limit(
    image: str,
    blank: str,
    log: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    group: str | None,
    refuses: int,
    engine: str,
) -> None:
    """Dd, where the kernel has groups and takes the limit; else our own process."""
    own = list[str]()

    def native(src: str, dest: str, size: int, **options: object) -> None:
        own.append(dest)

    monkeypatch.setattr(copier, "_needs_root", lambda src, dest: True)
    monkeypatch.setattr(copier.os.path, "isfile", lambda path: False)  # as devices are not
    monkeypatch.setattr(cgroup, "base", lambda: group)
    monkeypatch.setattr(copier.native, "copy", native)
    throttle = Throttle(1 << 40)
    words = helper(log, refuses)
    result = copy_volume(image, blank, 4, "1M", throttle=throttle, root_helper=words)
    assert result.engine == engine
    assert own == ([blank] if engine == "native" else [])
