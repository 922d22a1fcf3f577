"""Who must vote on what: bands of amounts, slots for votes, dated versions."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Protocol, TypeVar, final

import attrs

import backoffice_ledger as bl
from backoffice_ledger.errors import InexactNumber, InvalidDate, InvalidOption


class Dated(Protocol):
    """Something that applies from a day on."""

    @property
    def effective_from(self) -> date:
        """The first day on which it applies."""
        ...


D = TypeVar("D", bound=Dated)


def in_force(versions: Iterable[D], on: date) -> D:
    """Return what applies on a day: of all versions the last that has begun.

    Raises:
        InvalidDate: none has begun; a control that asks denies then.
    """
    begun = [each for each in versions if each.effective_from <= on]
    if not begun:
        raise InvalidDate(field="on", expected="a day with a version", found=on)
    return max(begun, key=lambda each: each.effective_from)


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidOption(field=field, expected="a text", found=value)
    return value


def _names(value: Iterable[str]) -> frozenset[str]:
    if isinstance(value, str):
        raise InvalidOption(field="names", expected="a collection", found=value)
    return frozenset(_text(each, "names") for each in value)


@final
@attrs.frozen(order=False, kw_only=True)
class Slot:
    """A vote that is needed, and who may give it.

    Args:
        name: for people, such as ``Marktfolge``.
        roles: the voter has one of these; none given: any role does.
        within: the voter's unit is this one or below it.
        outside: the voter's unit is none of these, nor below them.
        level_min: the voter's level is this or higher.

    Raises:
        InvalidOption: an argument of another kind.
    """

    name: str
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    within: str | None = None
    outside: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    level_min: int = 0

    def __attrs_post_init__(self) -> None:
        _text(self.name, "name")
        if self.within is not None:
            _text(self.within, "within")
        if type(self.level_min) is not int:
            raise InvalidOption(
                field="level_min", expected="an int", found=self.level_min
            )

    def takes_unit(self, unit: str) -> bool:
        """Whether a voter of *unit* may fill it."""
        return (self.within is None or _is_within(unit, self.within)) and not any(
            _is_within(unit, other) for other in self.outside
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as a proposal keeps it."""
        return {
            "level_min": self.level_min,
            "name": self.name,
            "outside": tuple(sorted(self.outside)),
            "roles": tuple(sorted(self.roles)),
            "within": self.within,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Slot":
        """Return what `to_json` gave."""
        return cls(**content)


def _is_within(unit: str, other: str) -> bool:
    return unit == other or unit.startswith(f"{other}:")


def _slots(value: Iterable[Slot]) -> tuple[Slot, ...]:
    slots = tuple(value)
    for slot in slots:
        if not isinstance(slot, Slot):
            raise InvalidOption(
                field="slots", expected="Slots", found=type(slot).__name__
            )
    if len({slot.name for slot in slots}) < len(slots):
        raise InvalidOption(field="slots", expected="slots of different names")
    return slots


def _amount(value: bl.Amount | str) -> bl.Amount:
    amount = bl.Amount.parse(value) if isinstance(value, str) else value
    if not isinstance(amount, bl.Amount):
        raise InexactNumber(
            field="above",
            expected="an Amount or text such as '1000.00 EUR'",
            found=type(value).__name__,
        )
    if amount.minor_units < 0:
        raise InvalidOption(field="above", expected="an amount from zero", found=amount)
    return amount


@final
@attrs.frozen(order=False, kw_only=True)
class VotingBand:
    """From where on which votes are needed.

    Args:
        above: the band begins just above this amount.
        slots: the votes, each by another person.

    Raises:
        InvalidOption: a negative amount, or something else than slots.
        InexactNumber, InvalidAmount: *above* is no amount.
    """

    above: bl.Amount = attrs.field(converter=_amount)
    slots: tuple[Slot, ...] = attrs.field(converter=_slots)


def _bands(value: Iterable[VotingBand]) -> tuple[VotingBand, ...]:
    bands = tuple(value)
    for lower, band in zip((None, *bands), bands, strict=False):
        if not isinstance(band, VotingBand):
            raise InvalidOption(
                field="bands", expected="VotingBands", found=type(band).__name__
            )
        if lower is None:
            continue
        if band.above.commodity != lower.above.commodity:
            raise InvalidOption(
                field="bands",
                expected=f"bands in {lower.above.commodity}",
                found=band.above,
            )
        if band.above <= lower.above:
            raise InvalidOption(
                field="bands", expected=f"more than {lower.above}", found=band.above
            )
        if len(band.slots) < len(lower.slots):
            raise InvalidOption(
                field="bands",
                expected=f"{len(lower.slots)} slots or more above {band.above}",
                found=len(band.slots),
            )
    if not bands:
        raise InvalidOption(field="bands", expected="at least one band")
    return bands


def _rates(value: Mapping[str, Fraction | int | str]) -> dict[str, Fraction]:
    rates = {}
    for code, rate in value.items():
        if isinstance(rate, float):
            raise InexactNumber(
                field="rates", expected="an exact number", found=type(rate).__name__
            )
        rates[code] = Fraction(rate)
        if rates[code] <= 0:
            raise InvalidOption(field="rates", expected="a rate above zero", found=rate)
    return rates


def _actions(value: Mapping[str, Iterable[Slot]]) -> dict[str, tuple[Slot, ...]]:
    return {_text(name, "actions"): _slots(slots) for name, slots in value.items()}


@final
@attrs.frozen(order=False, kw_only=True, hash=False)
class Policy:
    """The competence order of a firm, from a day on.

    The largest gross debit of an entry in any commodity decides, converted with
    *rates*; a commodity without a rate is in the highest band.  Up to and including the
    lowest amount no vote is needed.

    Args:
        version: kept with each proposal.
        effective_from: the first day on which it applies.
        bands: in rising order, in one currency.
        rates: what one unit of another commodity is worth in that currency, by code:
            ``Fraction``, ``int`` or text such as ``"0.92"``.
        actions: votes on what is no entry, by the name of the action.
        ttl: how long a proposal may wait, or None.
        escalation: the votes that decide after a rejection, by persons of a higher
            level than everybody who has voted; none: a rejection ends it.
        override_roles: who may decide alone, with a reason, whatever others vote.
        window_days: entries on the same debited and the same credited account that are
            booked so near to each other count together; 0 for each alone.
        revoked_votes_count: whether a vote counts that a voter who has lost the role
            since could not give again.

    Raises:
        InvalidOption, InexactNumber: an argument of another kind, or out of order.
    """

    version: str
    effective_from: date
    bands: tuple[VotingBand, ...] = attrs.field(converter=_bands)
    rates: Mapping[str, Fraction] = attrs.field(factory=dict, converter=_rates)
    actions: Mapping[str, tuple[Slot, ...]] = attrs.field(
        factory=dict, converter=_actions
    )
    ttl: timedelta | None = None
    escalation: tuple[Slot, ...] = attrs.field(default=(), converter=_slots)
    override_roles: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    window_days: int = 0
    revoked_votes_count: bool = False

    def __attrs_post_init__(self) -> None:
        _text(self.version, "version")
        if type(self.effective_from) is not date:
            raise InvalidOption(
                field="effective_from", expected="a date", found=self.effective_from
            )
        if type(self.window_days) is not int or self.window_days < 0:
            raise InvalidOption(
                field="window_days", expected="an int from 0", found=self.window_days
            )
        if self.ttl is not None and self.ttl <= timedelta(0):
            raise InvalidOption(
                field="ttl", expected="a timedelta above zero", found=self.ttl
            )

    def slots_for(self, moved: bl.Balance) -> tuple[Slot, ...]:
        """Return the votes that an entry with these gross debits needs."""
        return max((self._slots_of(amount) for amount in moved), key=len, default=())

    def _slots_of(self, amount: bl.Amount) -> tuple[Slot, ...]:
        own = self.bands[0].above.commodity
        unit = amount.commodity
        rate = Fraction(1) if unit == own else self.rates.get(unit.code)
        if rate is None or (unit.code == own.code and unit != own):
            return self.bands[-1].slots
        worth = rate * Fraction(amount.minor_units, 10**unit.scale)
        slots: tuple[Slot, ...] = ()
        for band in self.bands:
            if worth > Fraction(band.above.minor_units, 10**own.scale):
                slots = band.slots
        return slots
