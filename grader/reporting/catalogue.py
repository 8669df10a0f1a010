"""Translate sentences: one catalogue in gettext's format for each language, in the folder `locale`.

Sentences are made in English, where things go wrong, and a report keeps them so. A catalogue holds templates, in which
values are numbered places: `{0}: the shape is {1}, expected {2}`. A text is translated by the template that it fits.
So hidden tests, recordings and code behind the wall hand on plain text, and old reports can be read in new languages.
A translation is only shown: nothing is decided by it.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.model.verdict import Language

LOCALE = Path(__file__).parent / "locale"
# The folder beside a course's tests that holds what they say to students in other languages.
COURSE_LOCALE = "locale"
SOURCE_LANGUAGE = "en"
# The ending of a packed catalogue.
PACKED = ".json"
# The context of labels in a catalogue.
LABEL = "label"
MAX_DEPTH = 6
# A template with less text than this only takes single words: `a {0}` would fit half of all sentences.
LEAST_WEIGHT = 6
# How sentences are put together; the parts are translated one by one.
JOINTS = ("; ", ": ", ", ")
# Places in a file, which stand anywhere in a sentence; but not in the code that it quotes.
PLACES = ("cell {0}", ", lines {0}", ", line {0}", "lines {0}", "line {0}")
_CELL = re.compile(r"\bcell (?=\d)")
_JOINED_CELL = "cell\N{NO-BREAK SPACE}"  # one word, so that no template divides it
_QUOTED = re.compile(r"(`[^`]*`)")
_PLACE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True)
class Template:
    """A sentence with numbered places, as the text between them, and its translation."""

    pieces: tuple[str, ...]
    translation: str

    @property
    def weight(self) -> int:
        """Return how much of it is text: the more, the surer a fit."""
        return sum(map(len, self.pieces))

    def match(self, text: str) -> list[str] | None:
        """Return the values of a text that fits; None for another text. Takes time in proportion to the text."""
        first, *middle, last = self.pieces
        if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
            return None
        values, start, end = [], len(first), len(text) - len(last)
        for piece in middle:
            found = text.find(piece, start, end)
            if found < 0:
                return None
            values.append(text[start:found])
            start = found + len(piece)
        return [*values, text[start:end]]


class Catalogue:
    """The translations of one language. `labels` are the words of pages, which say nothing of a sentence's values."""

    def __init__(self, translations: Mapping[str, str], labels: Mapping[str, str] | None = None) -> None:
        self.labels = labels or {}
        self._exact = {source: target for source, target in translations.items() if not _PLACE.search(source)}
        self._places = [
            (re.compile(source.replace("{0}", r"(\d+(?:-\d+)?)(?!\d)")), target.replace("{0}", r"\1"))
            for source in PLACES
            if (target := translations.get(source))
        ]
        templates = [
            Template(tuple(_PLACE.split(source)[::2]), target)
            for source, target in translations.items()
            if _PLACE.search(source) and source not in PLACES
        ]
        self._templates = sorted(templates, key=lambda template: -template.weight)

    def translate(self, text: str) -> str:
        """Return a text in this language; what no sentence fits stays as it is."""
        joined = _CELL.sub(_JOINED_CELL, text)
        parts = _QUOTED.split((self._find(joined, MAX_DEPTH) or joined).replace(_JOINED_CELL, "cell "))
        for pattern, target in self._places:
            parts[::2] = [pattern.sub(target, part) for part in parts[::2]]
        return "".join(parts)

    def _find(self, text: str, depth: int) -> str:
        """Return the translation; empty where there is none."""
        if found := self._exact.get(text):
            return found
        if not depth or " " not in text:
            return ""
        place, found, rest = text.partition(" ")
        if found and place.startswith(_JOINED_CELL) and place[-1].isdigit():
            translated = self._find(rest, depth - 1)
            return f"{place}: {translated}" if translated else ""
        fitting = [
            (template, values)
            for template in self._templates
            if (values := template.match(text))
            and (template.weight >= LEAST_WEIGHT or not any(" " in value for value in values))
        ]
        # Rather not one that begins in the middle of another sentence.
        whole = [pair for pair in fitting if pair[0].pieces[0] or not any(": " in value for value in pair[1])]
        parts = "" if whole else next(self._find_parts(text, depth), "")
        if parts or not fitting:
            return parts
        template, values = (whole or fitting)[0]
        shown = [self._find(value, depth - 1) or value for value in values]
        return _PLACE.sub(lambda place: shown[int(place[1])], template.translation)

    def _find_parts(self, text: str, depth: int) -> Iterator[str]:
        for joint in JOINTS:
            left, found, right = text.partition(joint)
            translated = [self._find(part, depth - 1) for part in (left, right)]
            if found and any(translated):
                yield (translated[0] or left) + joint + (translated[1] or right)


def translate_label(text: str, language: Language) -> str:
    """Return a label in the language. Its places have names, and stay."""
    return text if language == SOURCE_LANGUAGE else open_catalogue(language).labels.get(text, text)


def translate(text: str, language: Language, tests: Path | None = None) -> str:
    """Return a sentence in the language; English is what it is made in. `tests` is a folder of a course's tests."""
    return text if language == SOURCE_LANGUAGE else open_catalogue(language, tests).translate(text)


@functools.cache
def open_catalogue(language: str, tests: Path | None = None) -> Catalogue:
    """Return the catalogue of a language, with what the tests in a folder translate themselves."""
    own = read_translations(LOCALE / f"{language}.po")
    course = read_translations(tests / COURSE_LOCALE / f"{language}.po") if tests else {}
    return Catalogue(own | course, read_translations(LOCALE / f"{language}.po", LABEL))


def list_catalogues(folder: Path) -> list[Path]:
    """Return the catalogues in a folder, sorted; their names are those of the languages."""
    return sorted(folder.glob("*.po"))


def read_translations(path: Path, context: str | None = None) -> dict[str, str]:
    """Return what a .po file translates in a context: text -> translation. Sentences have none.

    A kit has the file in its packed form instead. Without either nothing is translated.
    """
    packed = path.with_suffix(PACKED)
    if packed.is_file():
        contexts: dict[str, dict[str, str]] = json.loads(packed.read_text(encoding="utf-8"))
        return contexts.get(context or "", {})
    if not path.is_file():
        return {}
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file)
    messages = (message for message in catalogue if message.context == context)
    return {str(message.id): str(message.string) for message in messages if message.id and message.string}


def pack_translations(path: Path) -> bytes:
    """Return a .po file in the form that is read without Babel, which students need not install."""
    contexts = {context or "": read_translations(path, context) for context in (None, LABEL)}
    return json.dumps(contexts, ensure_ascii=False, sort_keys=True).encode()
