"""`junit`: JUnit XML, one suite a student, for continuous integration."""

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from grader.model.report import CheckResult
from grader.model.verdict import MEANINGS, Language, Verdict
from grader.reporting.feedback import describe_test
from grader.reporting.files import write_bytes
from grader.reporting.published import PublishedClass
from grader.reporting.safe_text import escape_control_characters

# Characters that XML 1.0 cannot contain, not even as references.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A student's failure is a failure, a grader fault is an error.
_ELEMENTS = {"student": "failure", "grader": "error", "nobody": "skipped"}


def write(published: PublishedClass, path: Path) -> Sequence[str]:
    """Write one XML file."""
    root = ElementTree.Element("testsuites", name=_clean(published.first.assignment.name))
    for entry in published.entries:
        tests = entry.report.tests
        suite = ElementTree.SubElement(root, "testsuite", name=_clean(entry.student.id), tests=str(len(tests)))
        if entry.report.late_penalty:
            properties = ElementTree.SubElement(suite, "properties")
            ElementTree.SubElement(properties, "property", name="late_penalty", value=f"{entry.report.late_penalty:g}")
        for test in tests:
            _add_case(suite, test, entry.language)
        for element, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            suite.set(attribute, str(len(suite.findall(f"testcase/{element}"))))
        suite.set("time", _format_seconds(sum(test.cpu_seconds for test in tests)))
    ElementTree.indent(root)
    write_bytes(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
    return ()


def _add_case(suite: ElementTree.Element, test: CheckResult, language: Language) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", name=_clean(test.name), classname=_clean(test.todo), time=_format_seconds(test.cpu_seconds)
    )
    if test.status is Verdict.PASSED:
        return
    trouble = ElementTree.SubElement(case, _ELEMENTS[MEANINGS[test.status].fault])
    trouble.set("message", _clean(describe_test(test, language)))
    if trouble.tag != "skipped":
        trouble.set("type", test.status.value)


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", escape_control_characters(text))


def _format_seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
