"""What is allowed, as functions of values: nothing here reads or writes. A refusal says what, and the remedy."""

from collections.abc import Collection, Sequence

from firmware_sim.clock import Duration, Instant, seconds
from rig.service.accounts.model import NO_CALLER_ID, Domain, Handling, Licence, Method, Number, User
from rig.service.errors import AccountError, HipaaError, InvalidError, LicenceError

DAY = seconds(24 * 3600)
MOST_DAYS = 36_500


# fax numbers of a domain


def check_room(most: int | None, used: int) -> None:
    """Whether one more fax account fits. *most*: None is unlimited, 0 disabled."""
    if most == 0:
        raise AccountError("Fax numbers are disabled for this domain", "have its Max Fax Numbers raised")
    if most is not None and used >= most:
        raise AccountError(
            f"The domain has {used} of at most {most} fax numbers", "have Max Fax Numbers raised, or delete an account"
        )


def check_most(most: int | None, used: int) -> None:
    """Whether the limit may be *most* while *used* are in use."""
    if most is not None and most < 0:
        raise InvalidError(f"Max Fax Numbers cannot be {most}", "give disabled, a number from 1, or unlimited")
    if most is not None and most < used:
        raise AccountError(
            f"The domain has {used} fax numbers, more than {most or 'none'}", f"delete {used - most} accounts first"
        )


# licences


def check_licences_left(name: str, had: int | None, used: int, whose: str) -> None:
    """*had*: how many the domain has; None is unlimited."""
    if had is not None and used >= had:
        raise LicenceError(
            f"No {name} licence is left for {whose} ({used} of {had} are assigned)",
            "take one from somebody, or have the domain's licences raised",
        )


def check_licensed(user: User, purpose: str) -> None:
    if user.licence is Licence.NONE:
        needed = "fax licence" if user.kind == "group" else "UC or fax licence"
        raise LicenceError(f"{user.name} has no {needed}: {purpose}", "have your office manager assign one")


# fax accounts


def check_account(
    owner: User, methods: Collection[Method], handling: Handling, device_type: str, serial: str, hipaa: bool
) -> None:
    """Whether these belong together. The form of *serial* is for whoever knows the device."""
    if not methods:
        raise InvalidError("The fax account has no method", "enable mail, portal or ATA")
    if handling is not Handling.PORTAL and not owner.mail:
        raise InvalidError(
            f"{owner.name} has no mail address, but the inbound handling is “{handling}”",
            "give one, create a fax-only user with one, or choose “portal”",
        )
    if Method.MAIL in methods and not owner.mail:
        raise InvalidError(f"{owner.name} has no mail address to send from", "give one, or leave out the method mail")
    if Method.ATA in methods and not (device_type and serial):
        raise InvalidError("The method ATA needs a device type and a serial number", "read both from its label")
    if Method.ATA not in methods and (device_type or serial):
        raise InvalidError("A device was given, but the method ATA is not enabled", "enable ATA, or give no device")
    reasons = hipaa_refusals(owner, methods, handling) if hipaa else []
    if reasons:
        raise HipaaError(
            f"HIPAA mode refuses this: {'; '.join(reasons)}",
            "use the portal alone for a single user, or switch HIPAA mode off",
        )


def hipaa_refusals(owner: User, methods: Collection[Method], handling: Handling) -> list[str]:
    """Why an account cannot be in HIPAA mode; empty when it can."""
    reasons = []
    if handling is Handling.MAIL_ATTACHMENT:
        reasons.append("a fax attached to a mail leaves the portal unprotected")
    if handling is Handling.MAIL_LINK:
        reasons.append("a mail names sender and number of the fax outside the portal")
    if Method.MAIL in methods:
        reasons.append("a document sent by mail reaches the service unprotected")
    if Method.ATA in methods:
        reasons.append("a fax machine behind an ATA prints where anyone can read it")
    if owner.kind == "group":
        reasons.append("a group's box is open to more than one person")
    return reasons


def check_recipients(count: int, hipaa: bool) -> None:
    if count < 1:
        raise InvalidError("The fax has no recipient", "give a number")
    if hipaa and count > 1:
        raise HipaaError(
            f"HIPAA mode refuses {count} recipients: a fax goes from one person to one", "send it to one number"
        )


# caller ID


def own_numbers(user_id: int, group_ids: Collection[int], numbers: Sequence[Number]) -> list[str]:
    """Those routed to the user, then those to the user's groups."""
    mine = [number.digits for number in numbers if number.user_id == user_id]
    return mine + [number.digits for number in numbers if number.user_id in group_ids]


def caller_ids(user_id: int, group_ids: Collection[int], numbers: Sequence[Number]) -> list[str]:
    """What the user may choose from the *numbers* of the domain: own ones first, then the free inventory."""
    free = [number.digits for number in numbers if number.treatment == "available"]
    return list(dict.fromkeys(own_numbers(user_id, group_ids, numbers) + free)) or [NO_CALLER_ID]


def chosen_caller_id(asked: str, user_id: int, group_ids: Collection[int], numbers: Sequence[Number]) -> str:
    """Without a wish the first number routed to the user alone, 0000000000 when there is none."""
    mine = own_numbers(user_id, (), numbers)
    if not asked:
        return mine[0] if mine else NO_CALLER_ID
    if asked != NO_CALLER_ID and asked not in caller_ids(user_id, group_ids, numbers):
        raise InvalidError(
            f"{asked} cannot be your caller ID", "choose a number routed to you or available in the domain's inventory"
        )
    return asked


# retention


def check_days(name: str, days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise InvalidError(f"{name} cannot be {days} days", f"give 1 to {MOST_DAYS}")


def restorable_until(deleted_at: Instant, domain: Domain) -> Instant:
    return deleted_at + days(domain.keep_deleted_days)


def purge_at(created_at: Instant, deleted_at: Instant | None, domain: Domain) -> Instant:
    """From this instant on a finished fax is gone for good."""
    old = created_at + days(domain.keep_days)
    return old if deleted_at is None else min(old, restorable_until(deleted_at, domain))


def days(count: int) -> Duration:
    return count * DAY
