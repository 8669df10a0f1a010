"""The page of `grader check --html`: how each public test ended, with pictures of what it compared.

It is made by hand and not from a template: a student's machine has no template engine.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from grader.model.verdict import Language, Verdict
from grader.reporting.catalogue import translate
from grader.reporting.messages import describe_verdict, read_labels
from grader.reporting.safe_text import escape_control_characters
from grader.reporting.wording import choose_title

if TYPE_CHECKING:
    from grader.student.check import Check
    from grader.student.findings import Picture, PublicFinding, Row
    from grader.student.kit import Kit

CELL, WIDTH, HEIGHT = 18, 240, 90
STYLE = """
:root {
  --ink: #1b1b1b; --paper: #fff; --quiet: #5a5a5a; --good: #14632b; --bad: #8a1c1c; --soft: #f2f4f7; --bar: #1f5fa8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #ececec; --paper: #161616; --quiet: #a8a8a8; --good: #86d99b; --bad: #ffaba3; --soft: #222429;
    --bar: #8dbdf2;
  }
}
body {
  max-width: 48rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere; word-break: keep-all;
}
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin: 1.25rem 0 0; }
p { margin: .25rem 0; }
.passed { color: var(--good); }
.open { color: var(--bad); }
.hint { color: var(--quiet); }
.pair { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: .5rem 0 1rem; }
figure { margin: 0; }
figcaption { color: var(--quiet); }
svg { max-width: 100%; height: auto; background: var(--soft); }
rect { fill: var(--bar); }
polyline { fill: none; stroke: var(--bar); stroke-width: 2; }
.tokens span {
  display: inline-block; border: 1px solid var(--quiet); border-radius: .25rem; padding: 0 .35rem;
  margin: 0 .2rem .2rem 0; font-family: ui-monospace, monospace;
}
"""


def render_check(check: "Check", kit: "Kit", language: Language) -> str:
    """Return the page of a check: self-contained, for light and dark."""
    labels = read_labels(language)
    place = ", ".join(file.path for file in check.submission.files)
    heading = labels["check_counts"].format(passed=check.passed, count=len(check.findings), place=place)
    lines = [f"<p>{_text(translate(check.submission.refused, language))}</p>"] if check.submission.refused else []
    for todo in kit.todos:
        lines.append(f"<h2>{_text(choose_title(todo, language))}</h2>")
        found = [finding for finding in check.findings if finding.todo == todo.id]
        lines += [line for finding in found for line in _describe(finding, kit, language)]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{_text(choose_title(kit.description, language))}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{_text(heading)}</h1>\n" + "\n".join(lines) + "\n</main>\n</body>\n</html>\n"
    )


def _describe(finding: "PublicFinding", kit: "Kit", language: Language) -> Iterator[str]:
    labels, outcome = read_labels(language), finding.outcome
    kind = "passed" if outcome.verdict is Verdict.PASSED else "open"
    name = translate(finding.name, language, kit.public_tests)
    yield f'<p><strong class="{kind}">{_text(describe_verdict(outcome.verdict, language))}</strong>: {_text(name)}</p>'
    if outcome.message and outcome.verdict is not Verdict.PASSED:
        yield f"<p>{_text(translate(outcome.message, language, kit.public_tests))}</p>"
    for label, text in (("hint", outcome.hint), ("shapes", outcome.shapes)):
        if text:
            yield f'<p class="hint">{labels[label]}: {_text(translate(text, language, kit.public_tests))}</p>'
    if finding.picture is not None:
        yield draw_pair(finding.picture, language)


def draw_pair(picture: "Picture", language: Language) -> str:
    """Return a picture of the student's result beside one of the expected result."""
    labels = read_labels(language)
    numbers = [value for row in (*picture.found, *picture.expected) for value in row if isinstance(value, float)]
    ends = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    figures = [
        f"<figure>{_draw(picture.kind, rows, ends, labels[name])}<figcaption>{labels[name]}</figcaption></figure>"
        for name, rows in (("yours", picture.found), ("expected", picture.expected))
    ]
    return f'<div class="pair">{"".join(figures)}</div>'


def _draw(kind: str, rows: Sequence["Row"], ends: tuple[float, float], label: str) -> str:
    low, span = ends[0], (ends[1] - ends[0]) or 1.0
    if kind == "tokens":
        return f'<div class="tokens">{"".join(f"<span>{_text(word)}</span>" for word in rows[0])}</div>'
    if kind == "curve":
        step = WIDTH / (len(rows[0]) - 1)
        points = " ".join(
            f"{index * step:.1f},{HEIGHT - (float(value) - low) / span * HEIGHT:.1f}"
            for index, value in enumerate(rows[0])
        )
        return _frame(WIDTH, HEIGHT, label, f'<polyline points="{points}"/>')
    cells = "".join(
        f'<rect x="{column * CELL}" y="{line * CELL}" width="{CELL}" height="{CELL}" '
        f'fill-opacity="{(float(value) - low) / span:.2f}"><title>{float(value):.3g}</title></rect>'
        for line, row in enumerate(rows)
        for column, value in enumerate(row)
    )
    return _frame(len(rows[0]) * CELL, len(rows) * CELL, label, cells)


def _frame(width: int, height: int, label: str, inside: str) -> str:
    return (
        f'<svg role="img" aria-label="{_text(label)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{inside}</svg>'
    )


def _text(value: object) -> str:
    return escape(escape_control_characters(str(value)))
