"""Datasets: what is listed, what counts as whole, and downloads that go wrong."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.authoring.datasets import DatasetFinding, State, fetch_dataset, find_dataset, list_datasets, verify_datasets
from grader.cli.app import app
from grader.model.errors import BrokenSuite, UsageError
from grader.tests.support.course import COURSE

CONTENT = b"id\tdocument\tlabel\n" + b"".join(f"{i}\t영화\t1\n".encode() for i in range(20_000))


class Server(ThreadingHTTPServer):
    """Serves CONTENT, as badly as its attributes ask."""

    body = CONTENT
    ranges = True
    break_after: int | None = None
    status = 200
    requested: list[str | None]


class Handler(BaseHTTPRequestHandler):
    """Answers with what the server is named to serve."""

    server: Server

    def do_GET(self) -> None:
        """Send the body, or the part that was asked for."""
        wanted = self.headers["Range"]
        self.server.requested.append(wanted)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.server.ranges else 0
        if start >= len(self.server.body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(self.server.body) - 1}/{len(self.server.body)}")
        part = self.server.body[start:]
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part[: self.server.break_after])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on this machine, reached without a proxy."""
    monkeypatch.setenv("no_proxy", "*")
    with Server(("127.0.0.1", 0), Handler) as server:
        server.requested = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path, server: Server) -> Path:
    """A datasets folder whose one dataset is fetched from the server, with a sample in its stead."""
    write_manifest(tmp_path, f"http://127.0.0.1:{server.server_port}/ratings.txt")
    (tmp_path / "sample.tsv").write_bytes(b"sample")
    return tmp_path


def write_manifest(folder: Path, url: str) -> None:
    """Describe CONTENT as git would name it, and a sample."""
    blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    common = 'title = "t"\nlicence = "CC0-1.0"\nsource = "s"\n'
    (folder / "manifest.toml").write_text(
        f'[few]\n{common}file = "sample.tsv"\nsize = 6\nsha256 = "{hashlib.sha256(b"sample").hexdigest()}"\n'
        f'[full]\n{common}file = "full/ratings.txt"\nsize = {len(CONTENT)}\ngit_blob_sha1 = "{blob}"\n'
        f'url = "{url}"\nsample = "few"\n'
    )


def test_fetches_into_place(folder: Path) -> None:
    """A whole download is verified and put in place, and nothing else is left."""
    path = fetch_dataset("full", folder)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


def test_goes_on_after_each_break(folder: Path, server: Server) -> None:
    """A connection that breaks off is followed by one that asks for the rest."""
    server.break_after = len(CONTENT) // 2 + 1
    assert fetch_dataset("full", folder).read_bytes() == CONTENT
    assert server.requested == [None, f"bytes={server.break_after}-"]


def test_goes_on_where_an_earlier_run_stopped(folder: Path, server: Server) -> None:
    """The bytes that an earlier run left are kept."""
    (folder / "full").mkdir()
    (folder / "full" / "ratings.txt.partial").write_bytes(CONTENT[:1000])
    assert fetch_dataset("full", folder).read_bytes() == CONTENT
    assert server.requested == ["bytes=1000-"]


def test_begins_again_where_ranges_are_ignored(folder: Path, server: Server) -> None:
    """A server that sends everything again is believed to."""
    server.ranges = False
    (folder / "full").mkdir()
    (folder / "full" / "ratings.txt.partial").write_bytes(CONTENT[:1000])
    assert fetch_dataset("full", folder).read_bytes() == CONTENT


def test_gives_up_where_nothing_more_comes(folder: Path, server: Server) -> None:
    """A server without ranges that always breaks off is not asked for ever, and the message says how far it came."""
    server.ranges, server.break_after = False, 1000
    with pytest.raises(UsageError, match=r"connection ended early \(1,000 of .* bytes are here\).*sample 'few'"):
        fetch_dataset("full", folder)
    assert not (folder / "full" / "ratings.txt").exists()


@pytest.mark.parametrize("body", [CONTENT[:-2] + b"0\n", CONTENT + b"more"], ids=["changed", "longer"])
def test_keeps_nothing_of_a_wrong_file(folder: Path, server: Server, body: bytes) -> None:
    """Wrong bytes are refused and removed, so that the next try begins again."""
    server.body = body
    with pytest.raises(UsageError, match="nothing was kept"):
        fetch_dataset("full", folder)
    assert list((folder / "full").iterdir()) == []


def test_drops_a_rest_that_is_too_long_for_the_server(folder: Path, server: Server) -> None:
    """A partial file that is longer than the server's file is removed."""
    server.body = CONTENT[:500]
    (folder / "full").mkdir()
    (folder / "full" / "ratings.txt.partial").write_bytes(CONTENT[:1000])
    with pytest.raises(UsageError, match="416"):
        fetch_dataset("full", folder)
    assert list((folder / "full").iterdir()) == []


def test_says_what_the_server_said(folder: Path, server: Server) -> None:
    """An HTTP error is quoted."""
    server.status = 404
    with pytest.raises(UsageError, match="404"):
        fetch_dataset("full", folder)


def test_says_that_there_is_no_network(folder: Path) -> None:
    """Without a connection the message names the host, the place and the sample."""
    write_manifest(folder, "http://127.0.0.1:1/ratings.txt")
    with pytest.raises(UsageError, match=r"cannot fetch 'full' from 127\.0\.0\.1:1: .*ratings\.txt yourself.*'few'"):
        fetch_dataset("full", folder)


def test_tells_its_progress(folder: Path) -> None:
    """Progress is named in bytes and ends with all of them."""
    told: list[tuple[int, int]] = []
    fetch_dataset("full", folder, tell=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_sample_serves_until_the_whole_is_there(folder: Path) -> None:
    """Before the fetch the sample is read, after it the whole."""
    assert find_dataset("full", folder).name == "sample.tsv"
    fetch_dataset("full", folder)
    assert find_dataset("full", folder).name == "ratings.txt"


def test_verify_tells_missing_from_damaged(folder: Path) -> None:
    """A changed byte is damage, an absent file is missing, and both say what to do."""
    (folder / "sample.tsv").write_bytes(b"simple")
    few, full = verify_datasets(folder)
    assert (few.state, full.state) == (State.DAMAGED, State.MISSING)
    assert "grader datasets fetch full" in full.detail


def test_unknown_names_are_answered_with_the_known(folder: Path) -> None:
    """A name that is not in the manifest is a usage error."""
    with pytest.raises(UsageError, match="few, full"):
        verify_datasets(folder, ["nsmk"])


def test_a_broken_manifest_is_the_courses_fault(tmp_path: Path) -> None:
    """A manifest that cannot be read is a broken suite."""
    (tmp_path / "manifest.toml").write_text("[x]\ntitle = 1\n")
    with pytest.raises(BrokenSuite, match=r"manifest\.toml"):
        list_datasets(tmp_path)


def test_the_samples_are_those_of_the_manifest() -> None:
    """Every committed sample is whole."""
    samples = [dataset.name for dataset in list_datasets(COURSE.datasets) if dataset.file.startswith("samples/")]
    assert {finding.state for finding in verify_datasets(COURSE.datasets, samples)} == {State.READY}


def test_the_command_line_lists_and_verifies() -> None:
    """`grader datasets` names every dataset, and says of each whether it is whole."""
    listed = CliRunner().invoke(app, ["datasets", "list"])
    assert listed.exit_code == 0
    assert all(dataset.name in listed.output for dataset in list_datasets(COURSE.datasets))
    verified = CliRunner().invoke(app, ["datasets", "verify", "reviews_ko"])
    assert (verified.exit_code, verified.output.split()) == (0, ["reviews_ko", "ready"])


@pytest.mark.parametrize(
    ("dataset", "state", "names", "code"),
    [
        ("nsmc", State.MISSING, [], 0),
        ("nsmc", State.MISSING, ["nsmc"], 1),
        ("nsmc", State.DAMAGED, [], 1),
        ("hub", State.MISSING, [], 1),
    ],
)
def test_what_a_sample_stands_for_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, dataset: str, state: State, names: list[str], code: int
) -> None:
    """Unless it is asked for by name."""
    [wanted] = [each for each in list_datasets(COURSE.datasets) if each.name == dataset]
    found = DatasetFinding(wanted, Path(wanted.file), state)
    monkeypatch.setattr("grader.authoring.datasets.verify_datasets", lambda folder, names: [found])
    assert CliRunner().invoke(app, ["datasets", "verify", *names]).exit_code == code


def test_the_command_line_fetches_what_is_there_already() -> None:
    """A data set that is there is not fetched; one that is unknown is an error of usage."""
    fetched = CliRunner().invoke(app, ["datasets", "fetch", "story_en"])
    assert fetched.exit_code == 0 and "story_en.txt" in fetched.output
    assert isinstance(CliRunner().invoke(app, ["datasets", "fetch", "no such"]).exception, UsageError)
