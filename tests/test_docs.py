"""The pages in docs/ build without a network or a warning, their examples are true, and they name what there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from test_package import NO_NETWORK

import genre
from genre.cli import app

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def sphinx(builder: str, out: Path) -> "subprocess.CompletedProcess[str]":
    """Build the pages in a process that is refused every connection."""
    arguments = ["-b", builder, "-W", "--keep-going", "-q", "-d", f"{out}.doctrees", str(DOCS), str(out)]
    code = f"{NO_NETWORK}\nfrom sphinx.cmd.build import main\nraise SystemExit(main({arguments!r}))"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=out.parent, capture_output=True, encoding="utf-8", timeout=240)


@pytest.mark.timeout(300)
def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    built = sphinx("html", tmp_path / "html")
    assert (built.returncode, built.stderr) == (0, "")
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "html").glob("*.html")}
    assert {path.stem for path in DOCS.glob("*.md")} <= set(pages)
    for name in genre.__all__:
        assert f'id="genre.{getattr(genre, name).__module__.removeprefix("genre.")}' in pages["python"] or (
            f'id="genre.{name}"' in pages["python"]
        )
    assert not re.findall(r'<(?:script|img)[^>]*src="https?:', "".join(pages.values()))


@pytest.mark.timeout(300)
def test_the_examples_are_true(tmp_path: Path) -> None:
    tested = sphinx("doctest", tmp_path / "doctest")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    told = (tmp_path / "doctest" / "output.txt").read_text(encoding="utf-8")
    assert re.search(r"^ +[3-9] tests$\n +0 failures in tests", told, re.MULTILINE), told


def test_every_command_is_listed() -> None:
    commands = typer.main.get_command(app).commands
    listed = re.findall(r"^\| `genre (\w+)` \|", (DOCS / "command.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(commands)


def test_what_is_public_is_described() -> None:
    for name in genre.__all__:
        assert getattr(genre, name).__doc__
