"""The gradebook: what is kept, what is found again, and what happens when the database refuses."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from grader.classroom import gradebook_schema
from grader.classroom.adjustments import Adjustment
from grader.classroom.gradebook import Attempt, Evidence, Gradebook, open_gradebook
from grader.grading.cache_key import CacheKey
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.tests.support.fake_class import list_rows
from grader.tests.support.fake_worker import make_report
from grader.tests.support.postgres import POSTGRES, open_postgres

KEY = CacheKey("a" * 64, "b" * 64, "c" * 64)
HOST = "grader.tests.support.gradebook_host"


@pytest.fixture
def gradebook(tmp_path: Path) -> Iterator[Gradebook]:
    """A new gradebook in SQLite."""
    with open_gradebook(tmp_path / "gradebook.db") as opened:
        yield opened


def add(gradebook: Gradebook, report: GradeReport, *, key: CacheKey = KEY) -> None:
    """Keep one more attempt."""
    gradebook.add_all([Attempt(key, report)])


def find(gradebook: Gradebook, student: str, key: CacheKey = KEY) -> GradeReport | None:
    """Return the report that was graded under a key."""
    attempt = gradebook.find_attempt(key, student)
    return attempt.report if attempt else None


def find_latest(gradebook: Gradebook, student: str) -> GradeReport | None:
    """Return the report that counts."""
    attempt = gradebook.find_latest_attempt(student, "toy")
    return attempt.report if attempt else None


def drop_time(row: dict[str, object]) -> dict[str, object]:
    """Return a row without the time at which it was written."""
    return {name: value for name, value in row.items() if name != "recorded_at"}


def drop_new(row: dict[str, object]) -> dict[str, object]:
    """Return a row without the columns that came later."""
    return {name: value for name, value in row.items() if name not in ("path", "recording", "outline")}


def test_rows_are_compared_from_mark_to_mark(gradebook: Gradebook) -> None:
    """Who has no row in between is left out; who is new has no report before."""
    for student, score in (("kim", 10), ("lee", 20)):
        add(gradebook, make_report(student, score=score))
    first = gradebook.find_last_row("toy")
    add(gradebook, make_report("kim", score=30))
    second = gradebook.find_last_row("toy")
    for student, score in (("kim", 40), ("park", 50)):
        add(gradebook, make_report(student, score=score))

    def compare(after: int, until: int | None = None) -> list[tuple[str, float | None, float]]:
        pairs = gradebook.compare_rows("toy", after, until)
        return [(now.submission.student, before and before.score, now.score) for before, now in pairs]

    assert compare(first, second) == [("kim", 10, 30)]
    assert compare(first) == [("kim", 10, 40), ("park", None, 50)]
    assert compare(gradebook.find_last_row("toy")) == [] and gradebook.find_last_row("other") == 0


def test_what_was_added_is_found_by_its_key(gradebook):
    """The report comes back as it was."""
    add(gradebook, make_report("kim", score=70))
    assert find(gradebook, "kim") == make_report("kim", score=70)


@pytest.mark.parametrize("part", ["submission", "suite", "environment"])
def test_a_key_that_differs_in_one_part_finds_nothing(gradebook, part):
    """Each of the three digests counts."""
    add(gradebook, make_report("kim"))
    assert find(gradebook, "kim", replace(KEY, **{part: "d" * 64})) is None


def test_a_students_own_report_is_found_before_anothers(gradebook):
    """Of two students who handed in the same, each keeps what was first written for them."""
    add(gradebook, make_report("kim", score=1))
    add(gradebook, make_report("lee", score=2))
    assert find(gradebook, "kim") == make_report("kim", score=1)
    assert find(gradebook, "park") == make_report("lee", score=2)


def test_a_fault_is_kept_without_a_score_and_never_found(gradebook, tmp_path):
    """The next run tries again; the gradebook shows no zero."""
    add(gradebook, make_report("kim", score=0, status="grader_fault"))
    assert find(gradebook, "kim") is None
    (row,) = list_rows(f"sqlite:///{tmp_path}/gradebook.db", "kim")
    assert (row["status"], row["score"]) == ("grader_fault", None)


def test_every_attempt_is_kept_and_the_last_one_counts(gradebook, tmp_path):
    """A second grade is a second row."""
    for score in (10, 90, 50):
        add(gradebook, make_report("kim", score=score))
    assert [row["score"] for row in list_rows(f"sqlite:///{tmp_path}/gradebook.db", "kim")] == [10, 90, 50]
    assert find_latest(gradebook, "kim") == make_report("kim", score=50)


def test_attempts_have_their_newest_result_in_the_order_of_the_first(gradebook):
    """The same work graded again is the same attempt."""
    later = replace(KEY, submission="d" * 64)
    add(gradebook, make_report("kim", score=10))
    add(gradebook, make_report("kim", score=60), key=later)
    add(gradebook, make_report("kim", score=20), key=replace(KEY, suite="e" * 64))
    add(gradebook, make_report("lee", score=30))
    found = {student: [report.score for report in made] for student, made in gradebook.list_attempts("toy").items()}
    assert found == {"kim": [20, 60], "lee": [30]}


def test_points_of_attempts_are_those_of_their_newest_results(gradebook):
    """In the same order, without the reports; or of one student alone."""
    add(gradebook, make_report("kim", score=10))
    add(gradebook, make_report("kim", score=60), key=replace(KEY, submission="d" * 64))
    add(gradebook, make_report("kim", score=20))
    add(gradebook, make_report("lee", score=30))
    found = {student: [each.score for each in made] for student, made in gradebook.list_points("toy").items()}
    assert found == {"kim": [20, 60], "lee": [30]}
    assert list(gradebook.list_points("toy", "lee")) == ["lee"]


def test_another_assignments_attempts_do_not_count(gradebook):
    """A student's last row is looked up by assignment."""
    add(gradebook, make_report("kim"))
    assert gradebook.find_latest_attempt("kim", "another") is None


def test_adjustments_of_one_student_are_found_without_the_others(gradebook: Gradebook) -> None:
    """Undone or not, and of this assignment only."""
    rows = [Adjustment(student=name, kind="bonus", points=1, reason="neat", by="lee") for name in ("kim", "ann", "kim")]
    gradebook.add_adjustments("toy", rows)
    gradebook.add_adjustments("other", rows[:1])
    found = gradebook.list_adjustments("toy", "kim")
    assert {name: [each.number for each in own] for name, own in found.items()} == {"kim": [1, 3]}
    assert gradebook.list_adjustments("toy", "nobody") == {}


def test_what_was_added_is_there_when_it_is_opened_again(tmp_path):
    """Closing loses nothing, and leaves one file."""
    with open_gradebook(tmp_path / "gradebook.db") as first:
        add(first, make_report("kim"))
    with open_gradebook(tmp_path / "gradebook.db") as second:
        assert find_latest(second, "kim") == make_report("kim")
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]


def test_sqlite_keeps_a_write_ahead_log(gradebook, tmp_path):
    """A reader of the gradebook does not wait for a writer."""
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_every_attempt_that_was_told_outlives_a_killed_process(tmp_path):
    """SIGKILL in the middle of writing: what had been said to be kept is there."""
    command = [sys.executable, "-m", HOST, str(tmp_path), str(tmp_path / "copy")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(20)]
        process.kill()
    with open_gradebook(tmp_path / "gradebook.db") as gradebook:
        assert told == [str(number) for number in range(20)]
        assert all(find_latest(gradebook, f"s{number}") for number in told)


def test_an_older_gradebook_is_brought_up_to_date(tmp_path, monkeypatch):
    """The missing steps are taken once, in order, and the rows stay."""
    with open_gradebook(tmp_path / "gradebook.db") as old:
        add(old, make_report("kim"))
    newer = gradebook_schema.SCHEMA_VERSION + 1
    steps = {
        newer: ("ALTER TABLE attempts ADD COLUMN colour TEXT",),
        newer + 1: ("UPDATE attempts SET colour = 'blue'",),
    }
    monkeypatch.setattr(gradebook_schema, "MIGRATIONS", steps)
    monkeypatch.setattr(gradebook_schema, "SCHEMA_VERSION", newer + 1)
    for _ in range(2):
        open_gradebook(tmp_path / "gradebook.db").close()
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(newer + 1,)]
        assert connection.execute("SELECT student, colour FROM attempts").fetchall() == [("kim", "blue")]


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    """The file of a gradebook that the first grader with gradebooks wrote."""
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as connection, connection:
        connection.executescript((Path(__file__).parent / "gradebook_v1.sql").read_text(encoding="utf-8"))
    return tmp_path / "gradebook.db"


def test_a_gradebook_of_the_first_version_keeps_its_attempts(first_version):
    """The last attempt counts, every row stays as it was, and a fault is still no zero."""
    before = [drop_new(row) for student in ("kim", "lee") for row in list_rows(f"sqlite:///{first_version}", student)]
    with open_gradebook(first_version) as gradebook:
        assert find_latest(gradebook, "kim").final_score == 90
        assert find(gradebook, "kim").final_score == 90
        assert gradebook.find_latest_attempt("kim", "toy").evidence == Evidence()
        assert find_latest(gradebook, "lee").status == "grader_fault"
    after = [drop_new(row) for student in ("kim", "lee") for row in list_rows(f"sqlite:///{first_version}", student)]
    assert len(after) == 3 and after == before


def test_a_gradebook_of_the_first_version_takes_what_is_new(first_version):
    """Attempts with recordings, and adjustments."""
    with open_gradebook(first_version) as gradebook:
        evidence = Evidence("kim.py", "r" * 64, gradebook.add_fingerprint("text"))
        gradebook.add_all([Attempt(KEY, make_report("kim"), evidence)])
        assert gradebook.find_latest_attempt("kim", "toy") == Attempt(KEY, make_report("kim"), evidence)
        assert gradebook.find_fingerprint(evidence.fingerprint) == "text"
        gradebook.add_adjustments("toy", [Adjustment(student="kim", kind="bonus", points=3, reason="neat", by="lee")])
        assert [each.points for each in gradebook.list_adjustments("toy")["kim"]] == [3]


def test_a_gradebook_of_the_first_version_gets_todays_tables(first_version, tmp_path):
    """The steps lead to the tables that a new gradebook has."""
    places = first_version, tmp_path / "new.db"
    tables = []
    for place in places:
        open_gradebook(place).close()
        with closing(sqlite3.connect(place)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
            columns = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in names}
            shapes = {name: [(row[1], row[3], row[5]) for row in rows] for name, rows in columns.items()}
            tables.append(shapes | {"version": connection.execute("SELECT version FROM schema_version").fetchall()})
    assert tables[0] == tables[1]


def test_a_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    """All its steps, or none: the gradebook can still be used by the grader that made it."""
    open_gradebook(tmp_path / "gradebook.db").close()
    newer = gradebook_schema.SCHEMA_VERSION + 1
    steps = {newer: ("ALTER TABLE attempts ADD COLUMN colour TEXT", "nonsense")}
    monkeypatch.setattr(gradebook_schema, "MIGRATIONS", steps)
    monkeypatch.setattr(gradebook_schema, "SCHEMA_VERSION", newer)
    with pytest.raises(UsageError, match="nonsense"):
        open_gradebook(tmp_path / "gradebook.db")
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as connection:
        assert "colour" not in [row[1] for row in connection.execute("PRAGMA table_info(attempts)")]


def test_a_newer_gradebook_is_left_alone(tmp_path, monkeypatch):
    """An old grader says which one to use."""
    monkeypatch.setattr(gradebook_schema, "SCHEMA_VERSION", 9)
    open_gradebook(tmp_path / "gradebook.db").close()
    monkeypatch.setattr(gradebook_schema, "SCHEMA_VERSION", 8)
    with pytest.raises(UsageError, match="has version 9, this grader knows 8: use the grader that made it"):
        open_gradebook(tmp_path / "gradebook.db")


def test_a_file_that_is_no_gradebook_is_refused(tmp_path):
    """The message names the file and the cause."""
    (tmp_path / "gradebook.db").write_text("not a database, but long enough to be taken for one" * 40)
    with pytest.raises(UsageError, match=r"gradebook\.db' cannot be used: file is not a database"):
        open_gradebook(tmp_path / "gradebook.db")


def test_a_full_disk_is_told_and_loses_nothing(tmp_path):
    """A real one, of one megabyte: the process says what happened, and what it had kept can be read."""
    disk = tmp_path / "disk"
    disk.mkdir()
    wall = ["bwrap", "--dev-bind", "/", "/", "--size", str(1 << 20), "--tmpfs", str(disk)]
    run = subprocess.run(
        [*wall, sys.executable, "-m", HOST, str(disk), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    *told, error = run.stdout.splitlines()
    assert error.startswith(f"the gradebook 'sqlite:///{disk}/gradebook.db' cannot be used")
    with open_gradebook(tmp_path / "gradebook.db") as gradebook:
        assert told
        assert all(find_latest(gradebook, f"s{number}") for number in told)


@pytest.mark.parametrize("url", ["mysql://host/db", "nonsense", "postgresql://host:port/db"])
def test_another_database_is_refused(url):
    """SQLite and PostgreSQL it is."""
    with pytest.raises(UsageError, match=r"(?i)postgresql"):
        open_gradebook(url)


def test_a_password_is_not_told():
    """A reader of the message learns the place, not the way in."""
    with pytest.raises(UsageError) as caught:
        open_gradebook("postgresql://kim:s3cret@127.0.0.1:1/grades?connect_timeout=2")
    assert "s3cret" not in str(caught.value)
    assert "127.0.0.1:1/grades" in str(caught.value)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL server of Debian's package, reached through a socket of its own."""
    if not POSTGRES:
        pytest.skip("no PostgreSQL here: apt install postgresql")
    with open_postgres() as address:
        yield address


@pytest.mark.slow
def test_postgresql_keeps_the_same_gradebook(server, gradebook, tmp_path):
    """Reports that are added to both are found the same in both."""
    with open_gradebook(server) as postgres:
        for one in (gradebook, postgres):
            add(one, make_report("kim", score=10))
            add(one, make_report("kim", score=0, status="grader_fault", fault="why, \x00 and 왜"))
            add(one, make_report("이영희", score=70), key=replace(KEY, suite="e" * 64))
    with open_gradebook(server) as postgres:
        assert find(postgres, "nobody") == find(gradebook, "nobody") == make_report("kim", score=10)
        for student in ("kim", "이영희"):
            rows = [
                list_rows(url, student)
                for url in (server.replace("postgresql:", "postgresql+psycopg:"), f"sqlite:///{tmp_path}/gradebook.db")
            ]
            assert [drop_time(row) for row in rows[0]] == [drop_time(row) for row in rows[1]] != []


@pytest.mark.slow
def test_postgresql_of_another_encoding_keeps_every_script(server):
    """A cluster that was made in the locale C has the encoding SQL_ASCII, and would answer in bytes."""
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        encoding = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        connection.exec_driver_sql(f"CREATE DATABASE plain {encoding}")
    engine.dispose()
    with open_gradebook(server.replace("/postgres?", "/plain?")) as postgres:
        add(postgres, make_report("이영희", score=70))
        assert find(postgres, "이영희") == make_report("이영희", score=70)
