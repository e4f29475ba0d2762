"""All that is read from one adapter, held against each other and against the vendors' rules.

`page/judge.js` does the same for the page on the phone; tests/identity runs both on the same cases.
"""

from collections.abc import Sequence
from datetime import date

from rig.identity import dates, mac
from rig.identity.model import LABEL, Effect, Evidence, Judgement, Reading, Verdict
from rig.identity.serials import Fit, clean, fit, folded
from rig.identity.vendor import choose, models_of, named
from rig.identity.vendors import BY_KEY, CHARACTER_WORDS, Strength, VendorRule
from rig.identity.words import say

SERIAL, MAC, MODEL, DATE = "serial", "MAC", "model", "date"
_DECIDES = {
    Verdict.INCONSISTENT: Effect.DISAGREES,
    Verdict.VALID: Effect.AGREES,
    Verdict.PLAUSIBLE: Effect.WARNS,
    Verdict.UNKNOWN: Effect.WARNS,
}


def judge(readings: Sequence[Reading], today: date, owners: mac.Owners = mac.owner_of) -> Judgement:
    """The serial that is judged is the first that a reading has. Raises ReadingError for a MAC or date that is none."""
    return _Case(readings, today, owners).judgement()


class _Case:
    def __init__(self, readings: Sequence[Reading], today: date, owners: mac.Owners) -> None:
        self._readings, self._today, self._owners = readings, today, owners
        self._evidence: list[Evidence] = []
        self._given, self._serial_source = next(((r.serial.strip(), r.source) for r in readings if r.serial), ("", ""))
        self._cleaned = clean(self._given)
        self._macs = [(reading.source, mac.bare(reading.mac), reading.mac) for reading in readings if reading.mac]
        self._dates = [(reading.date.strip(), dates.days(reading.date)) for reading in readings if reading.date]
        self._choice = choose(self._cleaned.text, readings, [bare for _, bare, _ in self._macs], owners)
        self._made: dates.Days | None = None
        self._week = ("", "")

    def judgement(self) -> Judgement:
        form = self._form()
        self._form_evidence = self._evidence[-1]
        for bare in dict.fromkeys(bare for _, bare, _ in self._macs):
            self._owner(bare, form)
        self._mac_and_serial(form)
        self._sources_agree_on_mac()
        self._model()
        self._sources_agree_on_model()
        self._vendors()
        self._production_date()
        self._other_serials(form.text)
        verdict = self._verdict(form.fits)
        rule = self._choice.rule
        name = rule.name if rule else ""
        return Judgement(form.text, self._given, name, verdict, self._reason(verdict, name), tuple(self._evidence))

    def _is_second(self, source: str) -> bool:
        """Whether a source can confirm the serial. What one and the same text says agrees with itself; a label is
        many things that were printed apart."""
        return source == LABEL or source != self._serial_source

    def _confirms(self, source: str) -> Effect:
        return Effect.AGREES if self._is_second(source) else Effect.NOTE

    def _add(self, source: str, effect: Effect, code: str, **values: object) -> None:
        self._evidence.append(Evidence(source, effect, say(code, **values)))

    # -- the serial by itself ----------------------------------------------------------------------------------------

    def _form(self) -> Fit:
        text, rule = self._cleaned.text, self._choice.rule
        if not text:
            self._add(SERIAL, Effect.NOTE, "no_serial")
            return Fit(False, "")
        if self._cleaned.without:
            self._add(SERIAL, Effect.NOTE, "forgiven", what=" and ".join(self._cleaned.without))
        if self._cleaned.lower_case:
            self._add(SERIAL, Effect.NOTE, "lower_case")
        owner = self._choice.like_mac_of
        if owner:
            self._add(SERIAL, Effect.WARNS, "like_mac", owner=owner)
        if rule is None:
            self._add(SERIAL, Effect.NOTE, "no_rule_for_owner" if self._choice.by == "owner" else "no_form")
            return Fit(False, text)
        if rule.strength is Strength.NONE:
            self._add(SERIAL, Effect.NOTE, "no_rule", vendor=rule.name)
            return Fit(False, text)
        return self._against(rule, text)

    def _against(self, rule: VendorRule, text: str) -> Fit:
        found, sample = fit(rule, text), rule.strength is Strength.SAMPLE
        said = {"vendor": rule.name, "words": rule.words}
        if found.fits:
            for place, character, meant in found.swaps:
                self._add(SERIAL, Effect.NOTE, "lookalike", found=character, meant=meant, place=place)
            code = "fits_sample" if sample else "fits" if rule.distinctive else "fits_common"
            self._add(SERIAL, Effect.FITS, code, **said)
            self._production_week(rule, found)
            return found
        effect, kind = (Effect.WARNS, "sample_") if sample else (Effect.DISAGREES, "")
        if found.place:
            wanted = CHARACTER_WORDS[rule.form[found.place - 1]]
            character = text[found.place - 1]
            self._add(SERIAL, effect, f"{kind}place", place=found.place, found=character, wanted=wanted, **said)
        else:
            self._add(SERIAL, effect, f"{kind}length", count=len(text), **said)
        return found

    def _production_week(self, rule: VendorRule, found: Fit) -> None:
        week, year = found.field(rule, "week"), found.field(rule, "year")
        if not week:
            return
        number, full_year = int(week), rule.year_0 + int(year)
        if not 1 <= number <= 53:
            self._add(SERIAL, Effect.DISAGREES, "week", week=week)
            return
        made = dates.week(full_year, number)
        if made[0] > self._today:
            self._add(SERIAL, Effect.DISAGREES, "future", week=week, year=full_year)
            return
        self._add(SERIAL, Effect.NOTE, "made", week=week, year=full_year)
        self._made, self._week = made, (week, str(full_year))

    # -- the MAC -----------------------------------------------------------------------------------------------------

    def _owner(self, bare: str, form: Fit) -> None:
        written, rule = mac.written(bare), self._choice.rule
        if mac.is_for_groups(bare):
            self._add(MAC, Effect.DISAGREES, "mac_multicast", mac=written)
            return
        if mac.is_local(bare):
            self._add(MAC, Effect.WARNS, "mac_local", mac=written)
            return
        owner = self._owners(bare[:6])
        if not owner:
            self._add(MAC, Effect.NOTE, "mac_no_owner", mac=written)
            return
        key = mac.vendor_of(owner)
        said = {"mac": written, "owner": owner, "vendor": rule.name if rule else ""}
        if rule is None:
            self._add(MAC, Effect.NOTE, "mac_owner", **said)
        elif key == rule.key:
            second = any(self._is_second(source) for source, one, _ in self._macs if one == bare)
            counts = rule.strength is Strength.STRICT and form.fits and second
            self._add(MAC, Effect.AGREES if counts else Effect.NOTE, "mac_owner", **said)
        elif key in rule.kin:
            self._add(MAC, Effect.NOTE, "mac_kin", **said)
        else:
            self._add(MAC, Effect.DISAGREES, self._against_choice("mac"), **said)

    def _against_choice(self, what: str) -> str:
        return f"{what}_not_form" if self._choice.by == "form" else f"{what}_disagrees"

    def _mac_and_serial(self, form: Fit) -> None:
        rule = self._choice.rule
        if rule is None or not form.fits:
            return
        whole, tail = form.field(rule, "mac"), form.field(rule, "mac_tail")
        if whole:
            self._serial_is_mac(rule, whole)
        for source, bare, _ in self._macs if tail else ():
            agrees = bare.endswith(tail)
            effect = self._confirms(source) if agrees else Effect.WARNS
            self._add(MAC, effect, "tail_agrees" if agrees else "tail_warns", mac=mac.written(bare))

    def _serial_is_mac(self, rule: VendorRule, whole: str) -> None:
        owner = self._owners(whole[:6])
        if mac.vendor_of(owner) != rule.key:
            code = "serial_owner" if owner else "serial_no_owner"
            self._add(SERIAL, Effect.DISAGREES, code, vendor=rule.name, owner=owner)
        for source, bare, _ in self._macs:
            same = bare == whole
            effect = self._confirms(source) if same else Effect.DISAGREES
            code = "mac_is_serial" if same else "mac_not_serial"
            self._add(MAC, effect, code, vendor=rule.name, mac=mac.written(bare))

    def _sources_agree_on_mac(self) -> None:
        for source, bare, given in self._macs:
            if set(given.upper()) & {"O", "I"}:
                self._add(source, Effect.NOTE, "mac_lookalike", mac=mac.written(bare))
        first = self._macs[0][1] if self._macs else ""
        for source, bare, _ in self._macs[1:]:
            if bare == first:
                self._add(source, Effect.NOTE, "mac_same")
            else:
                found = mac.written(bare)
                self._add(source, Effect.DISAGREES, "mac_differs", found=found, mac=mac.written(first))

    # -- model, vendor, date -----------------------------------------------------------------------------------------

    def _model(self) -> None:
        rule = self._choice.rule
        for model in dict.fromkeys(reading.model.strip() for reading in self._readings if reading.model.strip()):
            keys = models_of(model)
            if not keys:
                self._add(MODEL, Effect.NOTE, "model_unknown", model=model)
                continue
            other = " or ".join(BY_KEY[key].name for key in keys)
            said = {"model": model, "other": other, "vendor": rule.name if rule else ""}
            if rule is None or (rule.key in keys and len(keys) > 1) or set(keys) & set(rule.kin):
                self._add(MODEL, Effect.NOTE, "model_shared", **{**said, "vendor": other})
            elif rule.key in keys:
                second = any(self._is_second(one.source) for one in self._readings if one.model.strip() == model)
                counts = rule.strength is Strength.STRICT and rule.distinctive and second
                self._add(MODEL, Effect.AGREES if counts else Effect.NOTE, "model_agrees", **said)
            else:
                self._add(MODEL, Effect.DISAGREES, self._against_choice("model"), **said)

    def _sources_agree_on_model(self) -> None:
        models = [(reading.source, reading.model.strip()) for reading in self._readings if reading.model.strip()]
        for source, model in models[1:]:
            one, other = _plain(models[0][1]), _plain(model)
            if one in other or other in one:
                self._add(source, Effect.NOTE, "model_same")
            else:
                self._add(source, Effect.DISAGREES, "model_differs", found=model, model=models[0][1])

    def _vendors(self) -> None:
        rule = self._choice.rule
        for reading in self._readings:
            said = reading.vendor.strip()
            key = named(said)
            if not said:
                continue
            if not key:
                self._add(reading.source, Effect.NOTE, "vendor_unknown", other=said)
            elif rule and key != rule.key and key not in rule.kin:
                code = "vendor_not_form" if self._choice.by == "form" else "vendor_differs"
                self._add(reading.source, Effect.DISAGREES, code, other=BY_KEY[key].name, vendor=rule.name)
            elif rule and key == rule.key and reading.source != self._readings[0].source:
                self._add(reading.source, Effect.NOTE, "vendor_agrees", vendor=rule.name)

    def _production_date(self) -> None:
        for given, span in self._dates:
            if self._made is None:
                self._add(DATE, Effect.NOTE, "date_alone", date=given)
                continue
            gap = dates.apart(self._made, span)
            effect, code = (
                (Effect.AGREES, "date_agrees")
                if gap == 0
                else (Effect.NOTE, "date_near")
                if gap <= dates.NEAR_DAYS
                else (Effect.DISAGREES, "date_disagrees")
            )
            self._add(DATE, effect, code, date=given, week=self._week[0], year=self._week[1])

    def _other_serials(self, serial: str) -> None:
        others = [(reading.source, reading.serial) for reading in self._readings if reading.serial.strip()]
        for source, given in others[1:]:
            text = clean(given).text
            if text == serial:
                self._add(source, Effect.AGREES, "serial_same")
            elif folded(text) == folded(serial):
                self._add(source, Effect.AGREES, "serial_lookalike", found=text)
            else:
                self._add(source, Effect.DISAGREES, "serial_differs", found=text, serial=serial)

    # -- the verdict -------------------------------------------------------------------------------------------------

    def _verdict(self, fits: bool) -> Verdict:
        effects = {evidence.effect for evidence in self._evidence}
        if Effect.DISAGREES in effects:
            return Verdict.INCONSISTENT
        if not fits:
            return Verdict.UNKNOWN
        return Verdict.VALID if Effect.AGREES in effects else Verdict.PLAUSIBLE

    def _reason(self, verdict: Verdict, vendor: str) -> str:
        deciding = [evidence for evidence in self._evidence if evidence.effect is _DECIDES[verdict]]
        if verdict is Verdict.PLAUSIBLE and not deciding:
            return say("plausible", vendor=vendor)
        chosen = deciding[0] if deciding else self._form_evidence
        own = chosen.source in (SERIAL, MAC, MODEL, DATE)
        code = "plausible_warned" if verdict is Verdict.PLAUSIBLE else verdict.value
        return say(code, vendor=vendor, text=chosen.text if own else f"the {chosen.source} {chosen.text}")


def _plain(model: str) -> str:
    return "".join(character for character in model.upper() if character.isascii() and character.isalnum())
