"""Production dates: a day, a month, a week or a year, each as its first and last day."""

import re
from datetime import date, timedelta

from rig.identity.model import ReadingError
from rig.identity.words import say

NEAR_DAYS = 31
"""How far a date may be from the serial's week before they disagree: labels are printed at another time."""

Days = tuple[date, date]

_FORMS = (
    (re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"), "day"),
    (re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})"), "day"),
    (re.compile(r"(?P<year>\d{4})-?W(?P<week>\d{1,2})"), "week"),
    (re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})"), "month"),
    (re.compile(r"(?P<month>\d{1,2})[-/.](?P<year>\d{4})"), "month"),
    (re.compile(r"(?P<year>\d{4})"), "year"),
)


def week(year: int, number: int) -> Days:
    """The days of a week as ISO 8601 counts them; week 53 of a year that has 52 is the first of the next."""
    first = date.fromisocalendar(year, 1, 1) + timedelta(weeks=number - 1)
    return first, first + timedelta(days=6)


def days(text: str) -> Days:
    """Raises ReadingError."""
    plain = text.strip().upper()
    for form, kind in _FORMS:
        found = form.fullmatch(plain)
        if found:
            parts = {name: int(value) for name, value in found.groupdict().items()}
            try:
                return _days(kind, parts)
            except (ValueError, OverflowError):
                break
    raise ReadingError("date", say("bad_date", date=text.strip()))


def _days(kind: str, parts: dict[str, int]) -> Days:
    year = parts["year"]
    if not 1980 <= year <= 2200:
        raise ValueError("no year of an adapter")
    if kind == "day":
        day = date(year, parts["month"], parts["day"])
        return day, day
    if kind == "week":
        if not 1 <= parts["week"] <= 53:
            raise ValueError("no week")
        return week(year, parts["week"])
    if kind == "month":
        first = date(year, parts["month"], 1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return date(year, 1, 1), date(year, 12, 31)


def apart(one: Days, other: Days) -> int:
    """Days between the two; 0 when they overlap."""
    return max((other[0] - one[1]).days, (one[0] - other[1]).days, 0)
