# SPDX-License-Identifier: Apache-2.0
"""Tests of copying by dd: its command line, its probes, its words, and the real dd at work."""

from __future__ import annotations

import subprocess

import pytest

from cinder_lite import exception
from cinder_lite.volume.copy import dd
from cinder_lite.volume.copy.progress import Meter
from tests.unit.volume.copy.conftest import MIB, MakeFile, allocated, digest, noise


class Probes:
    """Stands for the short commands: says yes to O_DIRECT for some paths."""

    def __init__(self, *yes: str) -> None:
        self.yes = yes
        self.ran: list[tuple[str, ...]] = []

    def __call__(self, *command: str) -> tuple[str, str]:
        self.ran.append(command)
        if not any(path in word for word in command for path in self.yes):
            raise subprocess.CalledProcessError(1, command)
        return "", ""


def flags(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words[1:])


@pytest.mark.parametrize(
    ("text", "size"),
    [("1M", MIB), ("64K", 65536), ("64k", 65536), ("512", 512), ("2MiB", 2 * MIB), ("1G", 1 << 30)],
)
def test_block_sizes(text: str, size: int) -> None:
    assert dd.parse_blocksize(text) == size


@pytest.mark.parametrize("text", ["", "0", "much", "-1M", "1.5M", "1M1"])
def test_a_block_size_that_is_none_gives_the_default(text: str) -> None:
    assert dd.parse_blocksize(text) == MIB


def test_the_command_counts_bytes_and_flushes_and_never_truncates() -> None:
    words = dd.command("/a", "/b", 10 * MIB, MIB, sparse=False, execute=Probes("/a", "/b"))
    assert words[0] == "dd"
    assert flags(words) == {
        "if": "/a",
        "of": "/b",
        "count": str(10 * MIB),
        "bs": str(MIB),
        "iflag": "count_bytes,direct",
        "oflag": "direct",
        "conv": "notrunc,fsync",
        "status": "progress",
    }


def test_sparse_is_asked_for_beside_the_flush() -> None:
    words = dd.command("/a", "/b", MIB, MIB, sparse=True, execute=Probes())
    assert flags(words)["conv"] == "notrunc,sparse,fsync"


def test_each_side_is_probed_by_itself() -> None:
    probes = Probes("/a")
    given = flags(dd.command("/a", "/b", MIB, MIB, sparse=False, execute=probes))
    assert given["iflag"] == "count_bytes,direct"
    assert "oflag" not in given
    given = flags(dd.command("/a", "/b", MIB, MIB, sparse=False, execute=Probes("/b")))
    assert (given["iflag"], given["oflag"]) == ("count_bytes", "direct")
    assert all("count=0" in command and "conv=notrunc" in command for command in probes.ran)
    assert all(not ("if=/a" in command and "of=/b" in command) for command in probes.ran)


@pytest.mark.parametrize(("size", "blocksize"), [(MIB, 1000), (MIB + 512, MIB)])
def test_o_direct_is_not_used_where_a_block_would_not_suit_it(size: int, blocksize: int) -> None:
    probes = Probes("/a", "/b")
    given = flags(dd.command("/a", "/b", size, blocksize, sparse=False, execute=probes))
    assert "direct" not in given["iflag"]
    assert probes.ran == []


@pytest.mark.parametrize("side", ["iflag", "oflag"])
def test_the_real_probe_changes_nothing(image: str, side: str) -> None:
    before = digest(image)
    dd.takes_direct(dd.process.execute, side, image)
    assert digest(image) == before


def test_the_real_probe_says_no_where_there_is_nothing(tmp_path: object) -> None:
    assert not dd.takes_direct(dd.process.execute, "iflag", f"{tmp_path}/absent")


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ("1073741824 bytes (1.1 GB, 1.0 GiB) copied, 0.71 s, 1.5 GB/s", (1073741824, 0)),
        ("0 bytes copied, 3.2e-05 s, 0.0 kB/s", (0, 0)),
        ("1 byte copied, 3.2e-05 s, 31 kB/s", (1, 0)),
        ("512 bytes copied, 2 s, 0.3 kB/s", (512, 0)),
        ("4+0 records in", None),
        ("dd: error writing '/b': No space left on device", None),
        ("", None),
    ],
)
def test_dd_s_words(line: str, counted: tuple[int, int] | None) -> None:
    assert dd.parse_line(line) == counted


def test_every_byte_arrives_and_zeros_replace_old_data(image: str, make_file: MakeFile) -> None:
    target = make_file("dirty", 4 * MIB, {0: noise(4 * MIB)})
    meter = Meter(4 * MIB)
    dd.copy(image, target, 4 * MIB, MIB, meter=meter)
    assert digest(target) == digest(image)
    assert meter.copied == 4 * MIB


def test_sparse_stays_sparse(image: str, blank: str) -> None:
    dd.copy(image, blank, 4 * MIB, MIB, meter=Meter(4 * MIB), sparse=True)
    assert digest(blank) == digest(image)
    assert allocated(blank) <= 2 * MIB + 64 * 1024


def test_a_target_that_ends_in_zeros_keeps_its_size(make_file: MakeFile, blank: str) -> None:
    source = make_file("source", 4 * MIB, {0: noise(MIB)})
    dd.copy(source, blank, 4 * MIB, MIB, meter=Meter(4 * MIB), sparse=True)
    assert digest(blank) == digest(source)


def test_what_lies_behind_the_copy_stays(image: str, make_file: MakeFile) -> None:
    target = make_file("larger", 5 * MIB, {4 * MIB: noise(MIB)})
    before = digest(target)
    source = make_file("blank", 4 * MIB)
    dd.copy(source, target, 4 * MIB, MIB, meter=Meter(4 * MIB))
    assert digest(target) == before


def test_a_last_block_that_is_short_arrives(make_file: MakeFile) -> None:
    source = make_file("source", 4 * MIB, {0: noise(4 * MIB)})
    target = make_file("target", 4 * MIB)
    dd.copy(source, target, 4 * MIB, 3 * MIB, meter=Meter(4 * MIB))
    assert digest(target) == digest(source)


def test_a_full_target_is_one_sentence(image: str) -> None:
    with pytest.raises(exception.VolumeCopyFailed) as caught:
        dd.copy(image, "/dev/full", 4 * MIB, MIB, meter=Meter(4 * MIB))
    assert caught.value.msg.endswith(
        f"{image} to /dev/full: dd: error writing '/dev/full': No space left on device"
    )


def test_a_copy_that_is_short_without_an_error_is_an_error(
    image: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = dd.process.Outcome(["dd"], 0, ["1+0 records in"])
    monkeypatch.setattr(dd.process, "run", lambda *_, **__: outcome)
    with pytest.raises(exception.VolumeCopyFailed, match=r"copied only 0 of 4194304 bytes"):
        dd.copy(image, blank, 4 * MIB, MIB, meter=Meter(4 * MIB))
