"""Dates as the systems write them into names and lists, in the language of the person who downloaded them."""

import re
import unicodedata
from datetime import datetime

# English, German, French, Spanish, in full and cut short, without accents.
_NAMES_BY_MONTH = (
    "january januar janvier enero jan janv ene",
    "february februar fevrier febrero feb fev fevr febr",
    "march marz maerz mars marzo mar mrz",
    "april avril abril apr avr abr",
    "may mai mayo",
    "june juni juin junio jun",
    "july juli juillet julio jul juil",
    "august aout agosto aug aou ago",
    "september septembre septiembre setiembre sep sept set",
    "october oktober octobre octubre oct okt",
    "november novembre noviembre nov",
    "december dezember decembre diciembre dec dez dic",
)
_MONTHS = {name: month for month, names in enumerate(_NAMES_BY_MONTH, start=1) for name in names.split()}
_KOREAN_DAY = re.compile(r"(?P<year>\d{4})\s*년\s*(?P<month>\d{1,2})\s*월\s*(?P<day>\d{1,2})\s*일")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º)?[\s.,]+(?:de[\s.]+)?(?P<name>[^\W\d_]{3,12})\.?,?"
                        r"\s+(?:de[l]?\s+)?(?P<year>\d{4})")  # fmt: skip
_MONTH_FIRST = re.compile(r"(?P<name>[^\W\d_]{3,12})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-./]\s?(?P<month>\d{1,2})[-./]\s?(?P<day>\d{1,2})\.?(?!\d)")
_CLOCK = re.compile(
    r"(?P<before>am|pm|오전|오후)?\s*"
    r"(?:(?P<hour>\d{1,2})\s*[:h.시]\s*(?P<minute>\d{2})|(?P<digits>\d{3,4}))(?:[:.](?P<second>\d{2}))?\s*(?:분|uhr)?"
    r"\s*(?P<after>am|pm|오전|오후)?"
)
_HALVES = {"am": 0, "오전": 0, "pm": 12, "오후": 12}


def read_date(text: str) -> str | None:
    """Return a date with its time as ISO 8601 without a zone; none where it is not understood in just one way.

    Understands the English, Korean, German, French and Spanish of Brightspace and Moodle: `Oct 10, 2025 1022 AM`,
    `2025년 10월 10일 오전 10:22`, `10. Okt. 2025 1022`, `10 oct. 2025 10 h 22`, `10 de oct. de 2025 10:22 a. m.`.
    """
    # Accents go, Hangul stays whole; `a. m.` and `a.m.` become `am`, every kind of space a plain one.
    bare = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    spaced = re.sub(r"\s+", " ", unicodedata.normalize("NFC", bare))
    folded = re.sub(r"\b([ap])\.? ?m\b\.?", r"\1m", spaced)
    patterns = (_KOREAN_DAY, _DAY_FIRST, _MONTH_FIRST, _YEAR_FIRST)
    date = next(filter(None, (pattern.search(folded) for pattern in patterns)), None)
    clock = _CLOCK.search(f"{folded[: date.start()]} {folded[date.end() :]}") if date else None
    if not date or not clock:
        return None
    digits = clock["digits"]
    hour, minute = (int(digits[:-2]), int(digits[-2:])) if digits else (int(clock["hour"]), int(clock["minute"]))
    half = clock["before"] or clock["after"]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + _HALVES[half]
    parts = date.groupdict()
    month = int(parts["month"]) if "month" in parts else _MONTHS.get(parts["name"], 0)
    try:
        day = datetime(int(parts["year"]), month, int(parts["day"]), hour, minute, int(clock["second"] or 0))
    except ValueError:  # on no calendar
        return None
    return day.isoformat()
