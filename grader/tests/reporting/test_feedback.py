"""Feedback pages, and `grader report`: what a student reads, and what no page gives away."""

import contextlib
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from grader.classroom.run_folder import find_report
from grader.cli.app import main
from grader.exports import ExportOptions, export_run, moodle_feedback
from grader.model.errors import UsageError
from grader.model.report import GradeReport, ReportAdjustment, Wording
from grader.reporting.feedback import describe_report, render_page
from grader.reporting.messages import LABELS
from grader.reporting.redaction import redact
from grader.tests.support.export_samples import (
    CLASS,
    SECRET,
    make_faulty_report,
    make_perfect_report,
    make_report,
    make_test,
    open_class,
    write_run,
)

VOID = {"meta", "br"}
HOSTILE = "<img src=x onerror=alert(1)> </li></table><script>x</script> \x1b[2J\u202egnp.\x00 \ud800 {{ 7 * 7 }} &lt;"
SHOWN = "<img src=x onerror=alert(1)> </li></table><script>x</script> \\x1b[2J\\u202egnp.\\x00 \\ud800 {{ 7 * 7 }} &lt;"


class Page(HTMLParser):
    """A page taken apart: its elements in order, their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], "elements that are never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"{tag} is closed out of turn"

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self._open:
            self.cells.append(" ".join(data.split()))


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs `grader` with arguments in this process: exit code, output, complaints."""

    def call_main(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["grader", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return call_main


def read_page(report: GradeReport, language: str = "en", *, released: bool = False) -> Page:
    """The page that a student gets."""
    return Page(render_page(redact(report, released=released), language))


def test_a_page_tells_score_todos_verdicts_and_hints() -> None:
    """Everything a student may know of the grade."""
    page = read_page(make_report())
    text = "\n".join(page.cells)
    for expected in (
        "Attention: Luong, and others: 70 / 100",
        "luong.scores",
        "The luong.scores",
        "40 / 60",
        "the result differs from what was asked",
        "1 of 3 tests passed",
        "scores: expected shape (2, 3), got (3, 2)",
        "hint: transpose: h_t",
        "S001",
    ):
        assert expected in text


ADJUSTED = [("en", "added +2 points: a fine plot"), ("ko", "+2점을 더했습니다: a fine plot")]


@pytest.mark.parametrize(("language", "words"), ADJUSTED)
def test_an_adjustment_and_its_comment_are_shown(language: str, words: str) -> None:
    """On the page and in the text, in both languages."""
    bonus = ReportAdjustment(kind="bonus", points=2.0, comment="a fine plot")
    report = make_report().model_copy(update={"adjustments": (bonus,)})
    assert words in render_page(redact(report), language)
    assert words in describe_report(redact(report), language)


@pytest.mark.parametrize("released", [False, True])
def test_a_page_leaks_nothing(released: bool) -> None:
    """Names, messages, inputs and expected values of concealed tests, faults and the wall are on no page."""
    reports = [make_report(), make_faulty_report("S004"), make_perfect_report("S002")]
    for report in reports:
        assert SECRET in report.model_dump_json()
        text = render_page(redact(report, released=released), "en")
        concealed = [test for test in report.tests if test.visibility == "hidden"]
        assert not [test.name for test in concealed if test.name in text]
        assert f"{SECRET} message hidden" not in text
        assert released or SECRET not in text


def test_hidden_tests_never_show_but_others_do_after_the_due_date() -> None:
    """`released` is what makes the difference, and nothing else."""
    before, after = (" ".join(read_page(make_report(), released=released).cells) for released in (False, True))
    assert f"{SECRET} message after_due" not in before
    assert f"{SECRET} message after_due" in after


def test_whatever_a_student_wrote_is_text() -> None:
    """Markup, templates, escape sequences, marks of direction and half characters come out as they were typed."""
    test = make_test("luong.scores", "failed", message=HOSTILE, hint=HOSTILE)
    plain = make_report(HOSTILE, [test])
    submission = plain.submission.model_copy(update={"notes": (HOSTILE,)})
    hostile = plain.model_copy(update={"submission": submission})
    page = read_page(hostile)
    assert {"script", "img"} & set(page.tags) == set()
    assert not {"\x1b", "\x00", "\u202e"} & set(render_page(redact(hostile), "en"))
    # Where a report is made, half a character in a message becomes a question mark.
    shown = [cell.replace("\\ud800", "?") for cell in page.cells]
    assert sum(SHOWN.replace("\\ud800", "?") in cell for cell in shown) == 4, "student, message, hint and note"
    assert render_page(redact(hostile), "en").encode("utf-8")


def test_a_page_needs_nothing_but_itself() -> None:
    """No script, no event handler, no address: it opens from a disk without a network, and a browser is named so."""
    page = read_page(make_report())
    assert not {"script", "link", "img", "iframe", "object", "form", "base", "a"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {"src", "href", "srcset", "style"} & names
    assert not [name for name in names if name.startswith("on")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert "url(" not in render_page(redact(make_report()), "en")


def test_a_page_can_be_read_aloud_and_in_the_dark() -> None:
    """A language, a title, one heading, a table with a caption and named rows and columns; colours for both schemes."""
    text = render_page(redact(make_report()), "ko")
    page = Page(text)
    assert page.attributes[0] == ("lang", "ko")
    assert [page.tags.count(tag) for tag in ("title", "h1", "main", "caption")] == [1, 1, 1, 1]
    assert page.attributes.count(("scope", "col")) == 3
    assert page.attributes.count(("scope", "row")) == len(make_report().todos)
    assert "prefers-color-scheme: dark" in text
    assert ("content", "light dark") in page.attributes


def test_a_page_can_be_korean() -> None:
    """Verdicts and labels; no English label is left."""
    cells = read_page(make_report(), "ko").cells
    text = " ".join(cells)
    assert "결과가 요구와 다릅니다" in text
    assert "테스트 3개 중 1개 통과" in text
    assert "힌트: transpose" in text
    assert not {LABELS[name] for name in ("points", "result", "caption", "notes")} & set(cells)


def test_a_page_shows_korean_titles_and_messages_where_there_are_some() -> None:
    """The titles of the course, its own translations, and the grader's sentences."""
    word = Wording(name="이름", message="점수가 다릅니다", hint="")
    told = make_test("one", "failed", message="scores differ", translations={"ko": word})
    grader = make_test("one", "failed", message="scores: the value differs", hint="it looks transposed")
    report = make_report(tests=[told, grader])
    title = report.assignment.model_copy(update={"title_ko": "어텐션"})
    page = " ".join(read_page(report.model_copy(update={"assignment": title}), "ko").cells)
    for text in ("어텐션: 0 / 20", "scores: 값이 다릅니다", "전치된 것 같습니다", "점수가 다릅니다"):
        assert text in page


def test_a_full_todo_is_not_red_for_a_test_without_points() -> None:
    """A failed test that costs nothing is named as information."""
    free = make_test("one", "failed", message="slow", points=0.0)
    report = make_report(tests=[make_test("one"), free])
    page = read_page(report)
    assert ("class", "open") not in page.attributes
    assert {"slow", "for information, costs no points"} <= set(page.cells)


@pytest.mark.parametrize(
    ("status", "reason"), [("grader_fault", "the grader itself failed"), ("pending", "waiting for a machine")]
)
def test_without_a_score_none_is_shown(status: str, reason: str) -> None:
    """Pending work or the grader's own fault is not a zero."""
    report = make_report(status=status, score=0.0)
    text = " ".join(read_page(report).cells)
    assert "There is no score yet:" in text and reason in text
    assert "0 / 100" not in text.split("TODO")[0]


def test_a_late_penalty_is_told() -> None:
    """And no line is there where there is none."""
    assert "late penalty: 10 (already taken off the score above)" in read_page(make_report(late_penalty=10.0)).cells
    assert "late penalty" not in " ".join(read_page(make_report()).cells)


def test_a_mistake_is_told_once() -> None:
    """Many tests can fall over the same thing; what differs is named apart."""
    same = [make_test("luong.scores", "failed", message="the same") for _ in range(3)]
    other = make_test("luong.scores", "failed", message="the same", hint="with a hint")
    assert read_page(make_report(tests=[*same, other])).cells.count("the same") == 2


def test_moodle_gets_the_same_page(tmp_path: Path) -> None:
    """One template: what goes into Moodle's zip is what `html` writes."""
    import zipfile

    moodle_feedback.write(open_class(make_report()), tmp_path / "f.zip")
    archive = zipfile.ZipFile(tmp_path / "f.zip")
    assert archive.read(archive.namelist()[0]).decode("utf-8") == render_page(redact(make_report()), "en")


def test_a_run_becomes_a_folder_of_pages(tmp_path: Path) -> None:
    """One page a student, who has no score yet among them; the staff is named who that is."""
    notes = export_run(write_run(tmp_path / "run"), tmp_path / "pages", to="html", options=ExportOptions())
    pages = {f"S00{n}.html" for n in (1, 2, 3, 4)}
    assert {path.name for path in (tmp_path / "pages").iterdir()} == {"index.html", *pages}
    index = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert [page for page in sorted(pages) if f'href="{page}"' not in index] == []
    assert SECRET not in index
    assert "There is no score yet" in (tmp_path / "pages" / "S004.html").read_text(encoding="utf-8")
    assert len(notes) == 1 and "'S004' has no score yet" in notes[0]


def test_a_report_is_found_by_its_student(tmp_path: Path) -> None:
    """In a run by the label, in a file by itself."""
    run = write_run(tmp_path / "run")
    assert find_report(run, "S002") == CLASS[1]
    assert find_report(run / "reports" / "0.json") == CLASS[0]
    with pytest.raises(UsageError, match="no student 'S02' in this class: there is S002"):
        find_report(run, "S02")
    with pytest.raises(UsageError, match="is the report of 'S001', not of 'S002'"):
        find_report(run / "reports" / "0.json", "S002")


def test_a_report_is_printed_as_its_student_may_see_it(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    """Nothing hidden, unless the staff asks for it."""
    run = write_run(tmp_path / "run")
    code, out, _ = call("report", str(run), "S001")
    assert code == 0
    assert "Attention: Luong, and others: 70 / 100" in out
    assert "scores: expected shape (2, 3), got (3, 2) (transpose: h_t)" in out
    assert SECRET not in out
    assert f"{SECRET} message hidden" in call("report", str(run), "S001", "--staff")[1]
    released = call("report", str(run / "reports" / "0.json"), "--released")[1]
    assert f"{SECRET} message after_due" in released and "message hidden" not in released


def test_a_grade_leaves_a_page(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`grade --html FILE` writes the student's page, redacted, while the staff is named everything."""

    class Worker:
        def grade(self, job: object) -> GradeReport:
            return make_report()

    monkeypatch.setattr(
        "grader.grading.worker.open_worker", lambda name, isolation, device: contextlib.nullcontext(Worker())
    )
    code, out, _ = call("grade", str(tmp_path), "-a", "a4_attention", "--html", str(tmp_path / "new" / "page.html"))
    page = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert code == 0
    assert SECRET in out and SECRET not in page
    assert page == render_page(redact(make_report()), "en")


def test_a_run_is_printed_as_a_class(call: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    """One row a student."""
    code, out, _ = call("report", str(write_run(tmp_path / "run")))
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]][:2] == ["S001", "S002"]


@pytest.mark.parametrize(
    ("name", "complaint"), [("nowhere.json", "cannot be read as a report"), ("nobody", "no reports in")]
)
def test_a_report_that_is_not_there_is_told(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path, name: str, complaint: str
) -> None:
    """Exit code 2 and one message."""
    (tmp_path / "nobody").mkdir()
    code, out, err = call("report", str(tmp_path / name))
    assert (code, out) == (2, "")
    assert complaint in err


def test_a_printed_report_steers_no_terminal(call: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    """A message, a note and a name that hold escape sequences are written out on the staff's terminal."""
    bad = "\x1b]0;title\x07\u202e"
    tests = [make_test("luong.scores", "failed", message=bad, hint=bad)]
    report = make_report(bad, tests)
    submission = report.submission.model_copy(update={"notes": (bad,)})
    run = write_run(tmp_path / "run", [report.model_copy(update={"submission": submission})])
    for arguments in ((), (bad, "--staff")):
        code, out, _ = call("report", str(run), *arguments)
        assert code == 0
        assert not set(bad) & set("\x1b\x07\u202e") & set(out)
        assert r"\x1b]0;title\x07\u202e" in out
