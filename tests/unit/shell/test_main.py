# SPDX-License-Identifier: Apache-2.0
"""The program itself: help, version, completion, wrong usage, bugs, and its documentation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cinder_lite.shell import find, options
from cinder_lite.shell.main import COMMANDS, Shell
from cinder_lite.version import __version__
from tests.unit.shell.conftest import Run
from tests.unit.shell.fake_service import FakeService

TREE = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-m", "cinder_lite.shell.main"]


def outside(
    tmp_path: Path, *argv: str, code: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program, or some code, in a process without anybody's settings."""
    clean = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(TREE)}
    command = [sys.executable, "-c", code] if code else [*PROGRAM, *argv]
    return subprocess.run(
        command, env=clean, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("argv", [("--help",), ("help",), ("-h",)])
def test_help_lists_every_command(run: Run, argv: tuple[str, ...]) -> None:
    result = run(*argv)

    assert (result.status, result.err) == (0, "")
    for name in COMMANDS:
        assert re.search(rf"^  {name} +[A-Z].*[^.]$", result.out, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    result = run(name, "--help")

    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"usage: cinder-lite {name} [-h]")
    assert run("help", name).out == result.out


def test_every_argument_is_explained(run: Run) -> None:
    shell = Shell()
    for name in COMMANDS:
        factory = shell.find([name])[0]
        parser = factory(shell, None, cmd_name=name).get_parser(name)
        for action in parser._actions:
            assert action.help, f"{name} {action.dest}"


@pytest.mark.parametrize("argv", [("--version",), ("version",)])
def test_version(run: Run, argv: tuple[str, ...]) -> None:
    assert run(*argv) == (0, f"cinder-lite {__version__}\n", "")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ((), "Say what to do; see 'cinder-lite --help'.\n"),
        (("--bogus", "list"), "There is no option '--bogus' before a command; see 'cinder-lite"),
        (("frobnicate",), "There is no command 'frobnicate'"),
        (("migration",), "There is no command 'migration' (perhaps 'migration-"),
        (("help", "frobnicate"), "There is no command 'frobnicate'"),
        (("show",), "The following arguments are required: VOLUME; see 'cinder-lite show --help'."),
        (("list", "--bogus"), "Unrecognized arguments: --bogus; see 'cinder-lite list --help'."),
        (("list", "-f", "xml"), "Argument -f/--format: invalid choice: 'xml'"),
        (("list", "--limit", "-1"), "Argument --limit: "),
        (("migrate", "v", "h", "--timeout", "nan"), "Argument --timeout: 'nan' is not a number"),
        (("migrate", "v", "h", "--timeout", "x"), "Argument --timeout: 'x' is not a number"),
        (("--endpoint",), "Argument --endpoint: expected one argument; see 'cinder-lite --help'."),
    ],
)
def test_wrong_usage_is_one_sentence(
    run: Run, service: FakeService, argv: tuple[str, ...], told: str
) -> None:
    result = run(*argv)

    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(told)
    assert result.err.count("\n") == 1
    assert service.requests == []


def test_commands_may_be_shortened(run: Run) -> None:
    assert run("vers").status == 0


def test_a_bug_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "volume", lambda *_: 1 / 0)
    result = run("show", "vol1")

    assert result.status == 1
    assert result.err == (
        "cinder-lite itself has failed, which is a bug (ZeroDivisionError: division by zero); "
        "the same command with --debug shows where.\n"
    )


def test_debug_shows_requests_and_tracebacks(run: Run, service: FakeService) -> None:
    service.plan("GET", "/volumes", (400, {"badRequest": {"code": 400, "message": "No."}}))
    result = run("--debug", "list")

    assert result.status == 1
    assert "Traceback (most recent call last)" in result.err
    assert "/v3/admin/volumes/detail" in result.err
    assert "admin:admin" not in result.err
    assert result.err.splitlines()[-1].startswith("Volumes cannot be listed: No (req-")


def test_interrupted_before_anything_was_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(find, "volume", interrupt)
    assert run("show", "vol1") == (130, "", "Interrupted.\n")


def test_without_any_settings(tmp_path: Path) -> None:
    done = outside(tmp_path, "list")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "The address of the volume service is not known: give --endpoint URL, or --os-cloud NAME "
        "for a cloud in clouds.yaml, or set CINDER_LITE_ENDPOINT or the OS_* variables.\n"
    )


def test_reader_that_goes_away(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(TREE)}
    with open(writer, "w") as pipe:
        done = subprocess.run(
            [*PROGRAM, "--help"],
            env=environment,
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert (done.returncode, done.stderr) == (141, "")


def test_help_and_plain_requests_do_not_import_openstacksdk(
    service: FakeService, tmp_path: Path
) -> None:
    code = f"""
import sys
from cinder_lite.shell.main import main
assert main(["--help"]) == 0
assert main(["complete"]) == 0
heavy = {{"openstack", "keystoneauth1", "requests", "rich", "eventlet", "oslo_config"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert main(["--endpoint", "{service.url}", "list"]) == 0
assert "keystoneauth1" in sys.modules
assert "openstack" not in sys.modules
"""
    done = outside(tmp_path, code=code)

    assert (done.returncode, done.stderr) == (0, "")


def test_completion_is_bash(run: Run) -> None:
    script = run("complete").out

    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["mig"], ["migrate", "migration-abort", "migration-list", "migration-show"]),
        (["migrate", "--f"], ["--force-host-copy"]),
        (["type-list", "--so"], ["--sort-ascending", "--sort-column", "--sort-descending"]),
    ],
)
def test_completion_completes(run: Run, words: list[str], expected: list[str]) -> None:
    script = run("complete").out
    # stands in for the function of the bash-completion package
    helper = '_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cur=${words[-1]}; }\n'
    typed = " ".join(["cinder-lite", *words])
    ask = f"\nCOMP_WORDS=({typed}); _cinder_lite; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    done = subprocess.run(
        ["bash"], input=helper + script + ask, text=True, capture_output=True, check=True
    )

    assert sorted(done.stdout.split()) == expected


def test_the_manual_describes_every_command_and_option() -> None:
    manual = (TREE / "doc/source/cli/cinder-lite.rst").read_text()
    shell = Shell()
    for name in COMMANDS:
        assert f"\ncinder-lite {name}\n---" in manual
        factory = shell.find([name])[0]
        command = factory(shell, None, cmd_name=name)
        parser = options.Parser()
        if hasattr(command, "add_arguments"):
            command.add_arguments(parser)
        section = manual.partition(f"\ncinder-lite {name}\n---")[2].partition("\n---")[0]
        for action in parser._actions:
            for option in action.option_strings:
                assert option in ("-h", "--help") or option in section, f"{name} {option}"
    for option in options.CLOUD_OPTIONS:
        assert f"--os-{option}" in manual
