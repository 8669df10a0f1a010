"""Exports as a whole: what goes in, what must never come out, and what is said about the rest."""

import csv
import io
import sys
import zipfile
from pathlib import Path

import pytest

import grader.exports
from grader.classroom.run_folder import RunFolder
from grader.cli.app import main
from grader.exports import FORMATS, ExportOptions, export_run, gradescope
from grader.intake.roster import Roster, Student
from grader.model.errors import UsageError
from grader.reporting.files import write_each, write_table, write_text
from grader.reporting.published import open_published_class
from grader.reporting.safe_text import format_points, format_table, neutralise
from grader.tests.support.export_samples import (
    CLASS,
    FORMULA,
    MIXED,
    ROSTER,
    SECRET,
    make_faulty_report,
    make_report,
    make_test,
    open_class,
    read_csv,
    write_run,
)

CONTROLS = "\x00\x07\t\x1b\x7f\x85\u061c\u200e\u2028\u2029\u202e\u2066\r\n\r"
WORKSHEET = (
    "Identifier,Full name,Email address,Grade,Maximum grade,Last modified (grade),Feedback comments\n"
    "Participant 501,Jane Doe,jane@uni.example,,100,-,\n"
    "Participant 502,홍길동,gildong@uni.example,,100,-,\n"
)


def read_everything(path: Path) -> str:
    """All that an export wrote, unpacked, names included."""
    files = [path] if path.is_file() else sorted(path.iterdir())
    texts = []
    for file in files:
        if zipfile.is_zipfile(file):
            archive = zipfile.ZipFile(file)
            texts += [f"{name}\n{archive.read(name).decode()}" for name in archive.namelist()]
        else:
            texts.append(f"{file.name}\n{file.read_text(encoding='utf-8')}")
    return "\n".join(texts)


def export(folder: Path, to: str, **options: object) -> str:
    """Export the sample class and read what was written."""
    worksheet = folder / "worksheet.csv"
    worksheet.write_text(WORKSHEET, encoding="utf-8")
    given = ExportOptions(**{"roster": ROSTER, "worksheet": worksheet} | options)  # type: ignore[arg-type]
    export_run(write_run(folder / "run"), folder / "out", to=to, options=given)
    return read_everything(folder / "out")


@pytest.mark.parametrize("to", FORMATS)
def test_nothing_hidden_leaves(tmp_path: Path, to: str) -> None:
    """No format writes a hidden test's name, message or values, nor why the grader failed."""
    text = export(tmp_path, to)
    assert text
    assert SECRET not in text
    assert "0.7315" not in text


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_shows_a_late_penalty(tmp_path: Path, to: str) -> None:
    """In the file, or to the staff where the format has no place for it; and says nothing where there is none."""
    worksheet = tmp_path / "worksheet.csv"
    worksheet.write_text(WORKSHEET, encoding="utf-8")
    options = ExportOptions(roster=ROSTER, worksheet=worksheet)
    shown = {}
    for name, penalty in (("late", 7.25), ("in time", 0.0)):
        report = make_report("S001", late_penalty=penalty, score=70.0 - penalty)
        run = write_run(tmp_path / name, [report])
        notes = export_run(run, tmp_path / f"{name} out", to=to, options=options)
        text = "\n".join([*notes, read_everything(tmp_path / f"{name} out")])
        shown[name] = "7.25" in text or "the late penalty of 'S001' is not in the file" in text
    assert shown == {"late": True, "in time": False}


@pytest.mark.parametrize("to", FORMATS)
def test_after_the_due_date_only_hidden_tests_stay_back(tmp_path: Path, to: str) -> None:
    """`released` shows `after_due` tests in every format that has messages at all, and still no hidden one."""
    text = export(tmp_path, to, released=True)
    assert f"{SECRET} message hidden" not in text
    assert f"{SECRET} name hidden" not in text
    tells_messages = to not in ("csv", "canvas-csv", "brightspace-csv", "nbgrader-csv")
    assert (f"{SECRET} message after_due" in text) == tells_messages


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_grades_give_the_same_bytes(tmp_path: Path, to: str) -> None:
    """But for the moment, which is given."""
    moment = ExportOptions().moment
    (tmp_path / "b").mkdir()
    assert export(tmp_path, to, moment=moment) == export(tmp_path / "b", to, moment=moment)


def test_every_module_that_writes_is_listed() -> None:
    """A format that somebody adds and forgets to list is found here."""
    folder = Path(grader.exports.__file__).parent
    writers = {path.stem for path in folder.glob("*.py") if "\ndef write(" in path.read_text(encoding="utf-8")}
    assert writers == {write.__module__.rpartition(".")[2] for write in FORMATS.values()}


def test_an_unknown_format_is_told_the_list(tmp_path: Path) -> None:
    """A mistyped format is answered with those that there are."""
    with pytest.raises(UsageError, match=r"no format 'canvass': there are autolab, .*canvas-csv.*prairielearn"):
        export_run(tmp_path, tmp_path / "out", to="canvass", options=ExportOptions())


def test_whoever_has_no_score_is_named(tmp_path: Path) -> None:
    """The grader's own failure is never handed on as a zero, and never silently."""
    run = write_run(tmp_path / "run", [*CLASS, make_report("S005", MIXED[:1], status="pending")])
    notes = export_run(run, tmp_path / "out.csv", to="nbgrader-csv", options=ExportOptions(roster=ROSTER))
    assert notes == [
        "'S004' has no score yet: the grader itself failed; grade that submission again",
        "'S005' has no score yet: some tests have not run yet; grade that submission again",
    ]
    assert [row[3] for row in read_csv((tmp_path / "out.csv").read_bytes())[1:]] == ["S001", "S002", "S003"]


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """`grader export ...`, and what the shell is named."""
    monkeypatch.setattr(sys, "argv", ["grader", "export", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_the_command_writes_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`grader export` takes a roster; what was left out goes to the error stream."""
    run, out, roster = write_run(tmp_path / "run"), tmp_path / "out.csv", tmp_path / "roster.csv"
    roster.write_text("id,name,canvas\nS001,Jane Doe,1234\n")
    options = ["--format", "canvas-csv", "-o", str(out), "--roster", str(roster), "--column", "HW1 (4321)"]
    assert run_command(monkeypatch, str(run), *options) == 0
    assert read_csv(out.read_bytes())[2:] == [["Jane Doe", "1234", "S001", "", "", "70"]]
    told = capsys.readouterr()
    assert told.out == f"wrote canvas-csv to {out}\n"
    assert told.err.splitlines() == [
        f"grader: {student!r} is left out: not on the roster; add the student there if this is wrong"
        for student in ("S002", "S003", "S004")
    ]


def test_the_command_refuses_an_unknown_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake of the user's: exit code 2, one line with the list, nothing written."""
    assert run_command(monkeypatch, str(tmp_path), "--format", "xls", "-o", str(tmp_path / "out")) == 2
    assert capsys.readouterr().err == f"grader: no format 'xls': there are {', '.join(FORMATS)}\n"
    assert not (tmp_path / "out").exists()


def test_reports_come_back_as_they_were_written(tmp_path: Path) -> None:
    """The reader takes finished reports only."""
    run = write_run(tmp_path / "run")
    (run / "reports/.4.json").write_text("half")
    (run / "reports/notes.txt").write_text("the staff's")
    assert RunFolder(run).read_reports() == list(CLASS)


def test_a_run_without_reports_is_a_usage_error(tmp_path: Path) -> None:
    """The message says what was expected."""
    with pytest.raises(UsageError, match=r"no reports in .* pass the folder that `grader batch -o` wrote"):
        RunFolder(tmp_path).read_reports()


def test_a_damaged_report_is_named(tmp_path: Path) -> None:
    """No one is left out because a file cannot be read."""
    run = write_run(tmp_path / "run")
    (run / "reports/2.json").write_text('{"score": 1}')
    with pytest.raises(UsageError, match=r"2\.json' cannot be read as a report"):
        RunFolder(run).read_reports()


def test_two_reports_of_one_student_are_refused() -> None:
    """One is labelled by id, one by login: which of them counts is for the staff to say."""
    reports = [make_report("S001"), make_report("jdoe")]
    with pytest.raises(UsageError, match="two reports for student 'S001', labelled 'S001' and 'jdoe'"):
        open_published_class(reports, ExportOptions(roster=ROSTER))


def test_reports_of_two_assignments_are_refused() -> None:
    """One column of a gradebook is one assignment."""
    other = make_report("S002")
    other = other.model_copy(update={"assignment": other.assignment.model_copy(update={"name": "a5"})})
    with pytest.raises(UsageError, match="reports of a4_attention, a5 in one run"):
        open_published_class([make_report("S001"), other], ExportOptions())


def test_labels_are_matched_through_the_roster() -> None:
    """A label is an id, address, login or name; others are left out, and without a roster every label is an id."""
    roster = Roster((Student("1", "Jane Doe", "jd@uni.example"), Student("2", "Kim", keys={"canvas": "9"})))
    reports = [make_report(label) for label in ("jd", "Kim", "9")]
    published = open_class(*reports, roster=roster)
    found = [(entry.student.id, entry.on_roster, entry.find_key("canvas")) for entry in published.entries]
    assert (found, published.strangers) == ([("1", True, ""), ("2", True, "9")], ("9",))
    alone = open_class(*reports, roster=Roster(()))
    assert [(entry.find_key("canvas"), entry.on_roster) for entry in alone.entries] == [
        ("9", False), ("Kim", False), ("jd", False)
    ]  # fmt: skip


def test_a_class_without_a_student_of_the_roster_is_refused() -> None:
    """It is the wrong roster."""
    with pytest.raises(UsageError, match="none of the 1 reports is of a student of the roster"):
        open_class(make_report("someone"))


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1+1", "＝1+1", "＋1", "－x", "＠x", "-a", FORMULA],
)
def test_a_formula_becomes_text(text: str) -> None:
    """A spreadsheet shows it instead of running it."""
    assert neutralise(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-", "-3", "+4.5", "-0,5", "Jane", "a=b", "홍길동", "    Points", "#", "'=1"])
def test_what_is_no_formula_stays(text: str) -> None:
    """Numbers, and the dash for none, mean what they say."""
    assert neutralise(text) == text


@pytest.mark.parametrize("to", [name for name in FORMATS if name.endswith("csv")])
def test_no_table_holds_a_formula(tmp_path: Path, to: str) -> None:
    """A student may have any name."""
    text = export(tmp_path, to)
    cells = [cell for row in csv.reader(io.StringIO(text.partition("\n")[2], newline="")) for cell in row]
    dangerous = [cell for cell in cells if cell.lstrip().startswith(tuple("=+-@")) and cell != "-"]
    assert FORMULA not in cells
    assert dangerous == []


def test_tables_keep_quotes_separators_and_scripts(tmp_path: Path) -> None:
    """They come back from an independent reader."""
    rows = [["a", 'say "x", then', "two lines"], ["홍", "", "e,f g"], [1.0, 9.5, None]]
    write_table(tmp_path / "x.csv", rows)
    assert read_csv((tmp_path / "x.csv").read_bytes()) == [*rows[:2], ["1", "9.5", ""]]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("two\r\nlines", "two lines"),
        ("a\u2028b\x85c\td", "a b c d"),
        ("\x1b[31mred\x00", "[31mred"),
        ("\u202egnp.\u2066x", "gnp.x"),
        ("\u202e=1+1", "'=1+1"),
        ("half \ud800", "half "),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_tables_hold_no_control_character(text: str, cell: str) -> None:
    """A formula behind one is found as well; joined emoji stay."""
    assert format_table([[text]]) == f"{cell}\r\n"


@pytest.mark.parametrize("to", FORMATS)
def test_no_format_passes_on_a_control_character(tmp_path: Path, to: str) -> None:
    """In an id, a name, a message, a hint or a note; only the file's own line ends are left."""
    test = make_test("luong.scores", "failed", message=f"m {CONTROLS}", hint=CONTROLS, name=f"n {CONTROLS}")
    report = make_report(f"S001{CONTROLS}", [test])
    report = report.model_copy(
        update={"submission": report.submission.model_copy(update={"notes": (CONTROLS,), "submitted_at": CONTROLS})}
    )
    keys = {"canvas": "77", "moodle": "501", "login": f"j{CONTROLS}", "lti": f"sub{CONTROLS}"}
    student = Student(f"S001{CONTROLS}", f"Doe{CONTROLS}", f"j{CONTROLS}@uni.example", keys=keys)
    worksheet = tmp_path / "worksheet.csv"
    worksheet.write_text(WORKSHEET.replace("Jane", "Jane\u202e"), encoding="utf-8")
    published = open_class(report, roster=Roster((student,)), worksheet=worksheet, column=f"HW{CONTROLS} (1)")
    FORMATS[to](published, tmp_path / "out")
    text = read_everything(tmp_path / "out")
    assert not set(CONTROLS) - set("\n\r") & set(text)
    assert "\r" not in text.replace("\r\n", "")


@pytest.mark.parametrize(
    ("points", "text"), [(0.0, "0"), (10.0, "10"), (100.0, "100"), (9.5, "9.5"), (33.33, "33.33"), (12345.6, "12345.6")]
)
def test_points_are_written_as_gradebooks_read_them(points: float, text: str) -> None:
    """No exponent, no zeros behind the point."""
    assert format_points(points) == text


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """The message names a place that cannot be written to, and nothing is left behind."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match=r"cannot write .*taken"):
        write_text(tmp_path / "taken", "x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match=r"cannot write .*inside"):
        write_text(tmp_path / "file/inside", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken"]


def test_one_file_a_student(tmp_path: Path) -> None:
    """Names that a file system could take for one another, or for a path, stay apart."""
    published = open_class(*(make_report(name) for name in ("a/b", "a_b", "../up", "홍길동")), roster=Roster(()))
    write_each(tmp_path, published.entries, lambda entry: entry.student.id, suffix=".json")
    files = {path.read_text(): path.name for path in tmp_path.iterdir()}
    assert sorted(files) == ["../up", "a/b", "a_b", "홍길동"]
    assert files["../up"] == "_up.json"
    assert files["홍길동"] == "홍길동.json"
    assert files["a/b"].startswith("a_b-")


def test_one_student_may_have_one_file(tmp_path: Path) -> None:
    """A path that names a file is that file, where there is one student for it."""
    published = open_class(make_report(), make_report("S002"))
    write_each(tmp_path / "results.json", published.entries[:1], lambda entry: entry.student.id, suffix=".json")
    assert (tmp_path / "results.json").read_text() == "S001"
    with pytest.raises(UsageError, match=r"'results\.json' is one file, but there are 2 scores: name a folder instead"):
        write_each(tmp_path / "results.json", published.entries, lambda entry: "", suffix=".json")


def test_no_score_is_no_file(tmp_path: Path) -> None:
    """A file for the only student is refused rather than written empty if the grader failed."""
    with pytest.raises(
        UsageError, match=r"nothing to write to 'results\.json': no student in this run has a score yet"
    ):
        gradescope.write(open_class(make_faulty_report("S004")), tmp_path / "results.json")
    assert not list(tmp_path.iterdir())
