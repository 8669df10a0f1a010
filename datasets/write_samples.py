"""Write the tables of samples/ from phrases of our own and a fixed seed; two runs give the same bytes.

Run by hand after a change (`python datasets/write_samples.py`), never by the grader. samples/story_en.txt is written by hand.
"""

from collections.abc import Iterable
from pathlib import Path
from random import Random
from types import ModuleType

import names
import pairs_ko_en
import reviews_en
import reviews_ko

SAMPLES = Path(__file__).parent / "samples"
REVIEWS = 360
PAIRS = 420
NAMES = 240
SEED = 20240229


def write_samples(folder: Path = SAMPLES) -> None:
    """Write every table into `folder`."""
    folder.mkdir(exist_ok=True)
    write_table(folder / "reviews_ko.tsv", ("id", "document", "label"), make_reviews(reviews_ko, first_id=1_000_003))
    write_table(folder / "reviews_en.tsv", ("id", "document", "label"), make_reviews(reviews_en, first_id=2_000_003))
    write_table(folder / "pairs_ko_en.tsv", ("korean", "english"), pairs_ko_en.write_pairs(Random(SEED), PAIRS))
    write_table(folder / "names.tsv", ("name", "language"), names.write_names(Random(SEED), NAMES))


def make_reviews(language: ModuleType, *, first_id: int) -> list[tuple[str, str, str]]:
    """Give rows in NSMC's layout, about half of them good; like NSMC's, a few documents are empty."""
    random = Random(SEED)
    texts = dict(language.BY_HAND)
    while len(texts) < REVIEWS:
        label = len(texts) % 2
        texts.setdefault(language.write_review(random, label), label)
    reviews = [*texts.items(), ("", 1), ("", 0)]
    random.shuffle(reviews)
    ids = sorted(random.sample(range(first_id, first_id + 900_000), len(reviews)))
    return [(str(number), text, str(label)) for number, (text, label) in zip(ids, reviews, strict=True)]


def write_table(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Write tab-separated lines; no field holds a tab, so nothing is quoted."""
    lines = ["\t".join(row) for row in (header, *rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_samples()
