"""Dates in the languages of the systems' interfaces."""

import pytest

from grader.intake.downloads.dates import read_date

SAME = "2025-10-10T22:05:00"


@pytest.mark.parametrize(
    "text",
    [
        "Oct 10, 2025 1005 PM",
        "Oct 10, 2025 10:05 PM",
        "October 10, 2025 10:05 p.m.",
        "10 October, 2025 2205",
        "10 Oct 2025 10:05 PM",
        "Friday, 10 October 2025, 10:05 PM",
        "2025년 10월 10일 오후 10:05",
        "2025년 10월 10일 오후 1005",
        "2025년 10월 10일 금요일 22:05",
        "2025년 10월 10일 오후 10시 05분",
        "10. Oktober 2025 2205",
        "10. Okt. 2025 22:05 Uhr",
        "Freitag, 10. Oktober 2025, 22:05",
        "10 oct. 2025 22 h 05",
        "10 octobre 2025 22h05",
        "vendredi 10 octobre 2025, 22:05",
        "10 de oct. de 2025 10:05 p. m.",
        "10 de octubre de 2025 2205",
        "viernes, 10 de octubre de 2025, 22:05",
        "10 oct, 2025 10:05 p.\N{NO-BREAK SPACE}m.",
        "2025-10-10 22:05",
        "Oct 10, 2025 10:05:00 PM",
    ],
)
def test_one_moment_in_every_language(text: str) -> None:
    """English, Korean, German, French and Spanish, as Brightspace and Moodle write them."""
    assert read_date(text) == SAME


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "short en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "short de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "short fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "short es": "ene. feb. mar. abr. may. jun. jul. ago. sept. oct. nov. dic.",
}


@pytest.mark.parametrize("language", MONTHS)
def test_every_month_is_known(language: str) -> None:
    """In full and cut short."""
    read = [read_date(f"3 {month} 2025 0905") for month in MONTHS[language].split()]
    assert read == [f"2025-{month:02}-03T09:05:00" for month in range(1, 13)]


@pytest.mark.parametrize(("text", "hour"), [("12:05 AM", 0), ("12:05 PM", 12), ("오전 12:05", 0), ("오후 12:05", 12)])
def test_noon_and_midnight(text: str, hour: int) -> None:
    """Twelve is the first hour of its half."""
    assert read_date(f"Oct 10, 2025 {text}") == f"2025-10-10T{hour:02}:05:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "Oct 10, 2025",
        "Feb 31, 2025 922 AM",
        "Okz 10, 2025 922",
        "Oct 10, 2025 2561",
        "Oct 10, 2025 13:05 PM",
    ],
)
def test_what_is_no_moment_is_left_open(text: str) -> None:
    """A time that was guessed would cost points."""
    assert read_date(text) is None
