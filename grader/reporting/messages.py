"""Every sentence and label in English and Korean, but for those of the verdicts.

The verdicts' sentences stand beside the verdicts, in `model/verdict.py`: hidden tests need them too.
"""

from grader.model.report import GradeReport
from grader.model.verdict import MEANINGS, Language, Verdict

LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "caption": "Every TODO is marked on its own.",
        "check_complete": "these are small examples: what is graded asks for more of the same",
        "check_counts": "{place}: {passed} of {count} public tests passed",
        "check_open": "{count} of {all} TODOs not filled in yet: {names}",
        "hint": "hint",
        "late_penalty": "late penalty",
        "no_score": "There is no score yet:",
        "note": "note",
        "notes": "Notes on the files",
        "points": "points",
        "result": "result",
        "reasons": "The reasons are shown from",
        "student": "student",
        "tests": "{passed} of {count} tests passed",
    },
    "ko": {
        "caption": "TODO마다 따로 채점합니다.",
        "check_complete": "작은 예제들입니다. 채점은 같은 것을 더 넓게 봅니다",
        "check_counts": "{place}: 공개 테스트 {count}개 중 {passed}개 통과",
        "check_open": "TODO {all}개 중 아직 채우지 않은 것 {count}개: {names}",
        "hint": "힌트",
        "late_penalty": "지각 감점",
        "no_score": "아직 점수가 없습니다:",
        "note": "참고",
        "notes": "파일에 대한 참고 사항",
        "points": "점수",
        "result": "결과",
        "reasons": "이유가 공개되는 때:",
        "student": "학생",
        "tests": "테스트 {count}개 중 {passed}개 통과",
    },
}
ADJUSTMENTS: dict[Language, dict[str, str]] = {
    "en": {
        "todo": "your teachers set {todo} to {points:g} points",
        "score": "your teachers set the score to {points:g}",
        "bonus": "your teachers added {points:+g} points",
        "excuse": "your teachers excused you: this score does not count",
        "hold": "your teachers are still looking at this report",
    },
    "ko": {
        "todo": "담당자가 {todo}의 점수를 {points:g}점으로 정했습니다",
        "score": "담당자가 점수를 {points:g}점으로 정했습니다",
        "bonus": "담당자가 {points:+g}점을 더했습니다",
        "excuse": "면제되어 이 점수는 반영되지 않습니다",
        "hold": "담당자가 아직 확인하고 있습니다",
    },
}
KIT_README = """\
# {title}

Once: `pip install {wheel}`. Then, in this folder: `grader check {module} -a {name}`.
Plain `pytest` runs the same tests. Both read the notebook as well.

처음 한 번: `pip install {wheel}`. 그 다음 이 폴더에서: `grader check {module} -a {name} --lang ko`.
`pytest`만 실행해도 같은 테스트가 돌아갑니다. 둘 다 노트북도 읽습니다.
"""


def describe_verdict(verdict: Verdict, language: Language) -> str:
    """Return what a verdict means, in one sentence for the student."""
    return MEANINGS[verdict].tell(language)


def describe_adjustments(report: GradeReport, language: Language) -> list[str]:
    """Return a sentence for each correction by staff, with the comment that they left for the student."""
    sentences = []
    for adjustment in report.adjustments:
        text = ADJUSTMENTS[language][adjustment.kind].format(todo=adjustment.todo, points=adjustment.points)
        sentences.append(f"{text}: {adjustment.comment}" if adjustment.comment else text)
    return sentences


def explain_missing_score(status: str, language: Language) -> str:
    """Return why a report has no score yet, in one sentence for the student."""
    return describe_verdict(Verdict.PENDING if status == "pending" else Verdict.GRADER_FAULT, language)
