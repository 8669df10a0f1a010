"""Show the texts of a report in the student's language: by the course's own translations, and by the grader's."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from grader.model.report import CheckResult, Wording
from grader.model.verdict import Language
from grader.reporting.catalogue import (
    COURSE_LOCALE,
    SOURCE_LANGUAGE,
    Catalogue,
    list_catalogues,
    open_catalogue,
    translate,
)


def translate_results(results: Sequence[CheckResult], tests: Path) -> list[CheckResult]:
    """Return the results with translations by the catalogues beside the course's tests; as they are without any.

    A report keeps them: the course need not be there when it is shown.
    """
    languages = [path.stem for path in list_catalogues(tests / COURSE_LOCALE)]
    catalogues = {language: open_catalogue(language, tests) for language in languages}
    return [
        result.model_copy(
            update={"translations": {name: _word(result, catalogue) for name, catalogue in catalogues.items()}}
        )
        for result in results
    ]


def _word(result: CheckResult, catalogue: Catalogue) -> Wording:
    texts = (result.name, result.message, result.hint)
    name, message, hint = (catalogue.translate(text) if text else "" for text in texts)
    return Wording(name=name, message=message, hint=hint)


def localise(tests: Iterable[CheckResult], language: Language) -> list[CheckResult]:
    """Return the tests with their texts in the language."""
    if language == SOURCE_LANGUAGE:
        return list(tests)
    localised = []
    for test in tests:
        own = test.translations.get(language)
        words = (
            own.model_dump()
            if own
            else {name: translate(getattr(test, name), language) for name in ("name", "message", "hint")}
        )
        localised.append(test.model_copy(update=words))
    return localised


class Titled(Protocol):
    """An assignment or a TODO, as the course or a report has it."""

    @property
    def title(self) -> str:
        """Return the title in English."""

    @property
    def title_ko(self) -> str:
        """Return the title in Korean; empty where there is none."""


def choose_title(titled: Titled, language: Language) -> str:
    """Return the title of an assignment or a TODO in the language, where the course has one."""
    return titled.title_ko if language == "ko" and titled.title_ko else titled.title
