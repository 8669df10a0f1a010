"""The language in which a person reads what is written for students: one decision for all ways to ask for it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import get_args

from grader.model.verdict import Language

DEFAULT: Language = "en"
# Each in itself, for those who want to read it.
OWN_NAMES: dict[Language, str] = {"en": "English", "ko": "한국어"}
# How lists of students name a language, beside its code.
_NAMES: dict[str, Language] = {
    "english": "en", "englisch": "en", "영어": "en",
    "korean": "ko", "koreanisch": "ko", "한국어": "ko",
}  # fmt: skip


def choose_language(
    asked: str = "", *, roster: str = "", browser: str = "", environment: Mapping[str, str] = MappingProxyType({})
) -> Language:
    """Return the language that was asked for, else the roster's, the browser's or the environment's, else English.

    `asked` is an option or a choice made on a page, `browser` the header Accept-Language. A language that there is not
    counts as none.
    """
    wanted = [asked, roster, *_read_accept_language(browser), *_read_environment(environment)]
    return next((language for text in wanted if (language := find_language(text))), DEFAULT)


def find_language(text: str) -> Language | None:
    """Return the language of a code such as `ko` or `ko-KR`, or of a name; None for another one."""
    word = text.strip().casefold()
    code = word.replace("_", "-").partition("-")[0]
    return _NAMES.get(word) or next((language for language in get_args(Language) if language == code), None)


def _read_accept_language(header: str) -> Iterator[str]:
    """List the codes of a header such as `de, ko;q=0.8, en;q=0.5`, the preferred one first."""
    weighted = []
    for part in header.split(",")[:20]:
        code, _, parameter = part.partition(";")
        name, _, value = parameter.partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            weighted.append((weight, code.strip()))
    yield from (code for _, code in sorted(weighted, key=lambda pair: -pair[0]))


def _read_environment(variables: Mapping[str, str]) -> Iterator[str]:
    """List the codes that a system's variables name, as gettext reads them: LANGUAGE counts only beside a locale."""
    locale = next((variables[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if variables.get(name)), "C")
    if locale.partition(".")[0] not in ("C", "POSIX"):
        yield from (code.partition(".")[0] for code in (variables.get("LANGUAGE") or locale).split(":"))
