"""Administration for office managers and resellers. There is no fax menu here: see ``docs/service.md``."""

from typing import Annotated

from fastapi import APIRouter, File, Path, Query, UploadFile
from fastapi.responses import Response

from rig.service.accounts.importing import MOST_OCTETS
from rig.service.accounts.model import Treatment
from rig.service.accounts.people import Changes, NewUser
from rig.service.api_admin_models import (
    AccountChange,
    AccountIn,
    AccountOut,
    AuditOut,
    DomainOut,
    ImportOut,
    InterfaceChange,
    InterfaceOut,
    NewDomain,
    NumberChange,
    NumberIn,
    NumberOut,
    Settings,
    UserChange,
    UserIn,
    UserOut,
    account_out,
    domain_out,
    interface_out,
    same,
    settings_of,
    wanted_of,
)
from rig.service.api_models import DetailOut, JobOut, detail_out, job_out
from rig.service.web import At, download, problems

router = APIRouter(prefix="/domains", tags=["administration"], responses=problems(401, 403, 404, 422))
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=1000)]


# domains


@router.get("", summary="Your domains")
async def domains(at: At) -> list[DomainOut]:
    with at.clerks() as clerks:
        return [domain_out(clerks, domain) for domain in clerks.plant.domains(at.asker)]


@router.post("", status_code=201, summary="Add a domain", responses=problems(409))
async def add_domain(at: At, given: NewDomain) -> DomainOut:
    with at.clerks() as clerks:
        settings = settings_of(given)
        name = settings.pop("name")
        return domain_out(clerks, clerks.plant.add_domain(at.asker, name, **settings))


@router.get("/devices", summary="The device types of ATAs")
async def devices(at: At) -> list[str]:
    return list(at.service.office.devices.models())


@router.get("/{domain_id}", summary="One domain with its licences")
async def domain(at: At, domain_id: Id) -> DomainOut:
    with at.clerks() as clerks:
        return domain_out(clerks, clerks.plant.domain(at.asker, domain_id))


@router.patch("/{domain_id}", summary="Limits, licences, HIPAA mode, retention", responses=problems(409))
async def change_domain(at: At, domain_id: Id, given: Settings) -> DomainOut:
    with at.clerks() as clerks:
        return domain_out(clerks, clerks.plant.change_domain(at.asker, domain_id, **settings_of(given)))


@router.get("/{domain_id}/audit", summary="The audit log, the newest first")
async def audit(
    at: At, domain_id: Id, before: Annotated[int | None, Query(ge=1)] = None, limit: Limit = 100
) -> list[AuditOut]:
    with at.clerks() as clerks:
        return [same(AuditOut, entry) for entry in clerks.audit_log(at.asker, domain_id, before, limit)]


# users and groups


@router.get("/{domain_id}/users", summary="Users, fax-only users and groups")
async def users(at: At, domain_id: Id) -> list[UserOut]:
    with at.clerks() as clerks:
        return [same(UserOut, user) for user in clerks.people.users(at.asker, domain_id)]


@router.post("/{domain_id}/users", status_code=201, summary="Add a user or group", responses=problems(409))
async def add_user(at: At, domain_id: Id, given: UserIn) -> UserOut:
    with at.clerks() as clerks:
        return same(UserOut, clerks.people.add(at.asker, domain_id, NewUser(**given.model_dump())))


@router.patch("/{domain_id}/users/{user_id}", summary="Change one", responses=problems(409))
async def change_user(at: At, domain_id: Id, user_id: Id, given: UserChange) -> UserOut:
    with at.clerks() as clerks:
        return same(UserOut, clerks.people.change(at.asker, domain_id, user_id, Changes(**given.model_dump())))


@router.get("/{domain_id}/users/{user_id}/members", summary="The members of a group")
async def members(at: At, domain_id: Id, user_id: Id) -> list[str]:
    with at.clerks() as clerks:
        return [user.name for user in clerks.people.members(at.asker, domain_id, user_id)]


@router.put("/{domain_id}/users/{user_id}/members", summary="Who is in a group")
async def set_members(at: At, domain_id: Id, user_id: Id, given: list[str]) -> list[str]:
    with at.clerks() as clerks:
        return [user.name for user in clerks.people.set_members(at.asker, domain_id, user_id, given)]


# numbers and fax accounts


@router.get("/{domain_id}/numbers", summary="The inventory of numbers")
async def numbers(at: At, domain_id: Id, treatment: Treatment | None = None) -> list[NumberOut]:
    with at.clerks() as clerks:
        return [same(NumberOut, number) for number in clerks.numbers.numbers(at.asker, domain_id, treatment)]


@router.post("/{domain_id}/numbers", status_code=201, summary="Add a number", responses=problems(409))
async def add_number(at: At, domain_id: Id, given: NumberIn) -> NumberOut:
    with at.clerks() as clerks:
        return same(NumberOut, clerks.numbers.add_number(at.asker, domain_id, given.digits))


@router.patch("/{domain_id}/numbers/{number_id}", summary="Its treatment", responses=problems(409))
async def treat(at: At, domain_id: Id, number_id: Id, given: NumberChange) -> NumberOut:
    with at.clerks() as clerks:
        number = clerks.numbers.treat(at.asker, domain_id, number_id, given.treatment, given.user)
        return same(NumberOut, number)


@router.delete("/{domain_id}/numbers/{number_id}", status_code=204, summary="Remove one", responses=problems(409))
async def remove_number(at: At, domain_id: Id, number_id: Id) -> Response:
    with at.clerks() as clerks:
        clerks.numbers.remove_number(at.asker, domain_id, number_id)
    return Response(status_code=204)


@router.get("/{domain_id}/accounts", summary="Fax accounts")
async def accounts(at: At, domain_id: Id) -> list[AccountOut]:
    with at.clerks() as clerks:
        return [account_out(shown) for shown in clerks.numbers.accounts(at.asker, domain_id)]


@router.post("/{domain_id}/accounts", status_code=201, summary="Add a fax account", responses=problems(409))
async def add_account(at: At, domain_id: Id, given: AccountIn) -> AccountOut:
    with at.clerks() as clerks:
        return account_out(clerks.numbers.add_account(at.asker, domain_id, wanted_of(given, given.number)))


@router.post("/{domain_id}/accounts/import", summary="Fax accounts from a CSV: all or none")
async def import_accounts(
    at: At,
    domain_id: Id,
    file: Annotated[UploadFile, File(description="number, user, mail, methods, handling, device, serial, ...")],
    dry_run: Annotated[bool, Query(description="Only look")] = False,
) -> ImportOut:
    text = await file.read(MOST_OCTETS + 1)
    with at.clerks() as clerks:
        done = clerks.import_accounts(at.asker, domain_id, text, dry_run)
    errors = [{"line": error.line, "text": error.text} for error in done.errors]
    return ImportOut(accounts=done.accounts, fax_only_users=done.fax_only_users, added=done.added, errors=errors)


@router.get("/{domain_id}/accounts/{account_id}", summary="One fax account")
async def account(at: At, domain_id: Id, account_id: Id) -> AccountOut:
    with at.clerks() as clerks:
        return account_out(clerks.numbers.account(at.asker, domain_id, account_id))


@router.put("/{domain_id}/accounts/{account_id}", summary="All of it anew, but its number", responses=problems(409))
async def change_account(at: At, domain_id: Id, account_id: Id, given: AccountChange) -> AccountOut:
    with at.clerks() as clerks:
        return account_out(clerks.numbers.change_account(at.asker, domain_id, account_id, wanted_of(given, "")))


@router.delete("/{domain_id}/accounts/{account_id}", status_code=204, summary="Remove one; its faxes stay")
async def remove_account(at: At, domain_id: Id, account_id: Id) -> Response:
    with at.clerks() as clerks:
        clerks.numbers.remove_account(at.asker, domain_id, account_id)
    return Response(status_code=204)


# boxes, where their accounts permit it


@router.get("/{domain_id}/accounts/{account_id}/faxes", summary="A box, opened by the manager")
async def box(at: At, domain_id: Id, account_id: Id, limit: Limit = 100) -> list[JobOut]:
    """Only where the fax account permits it; each time is a line in the audit log."""
    with at.clerks() as clerks:
        return [job_out(job) for job in clerks.boxes.account_faxes(at.asker, domain_id, account_id, limit)]


@router.get("/{domain_id}/accounts/{account_id}/faxes/{job_id}", summary="One fax of it")
async def box_fax(at: At, domain_id: Id, account_id: Id, job_id: Id) -> DetailOut:
    with at.clerks() as clerks:
        clerks.boxes.account_fax(at.asker, domain_id, account_id, job_id, "opened")
    return detail_out(at.service.show(job_id))


@router.get("/{domain_id}/accounts/{account_id}/faxes/{job_id}/document", summary="Its pages as PDF")
async def box_document(at: At, domain_id: Id, account_id: Id, job_id: Id) -> Response:
    with at.clerks() as clerks:
        clerks.boxes.account_fax(at.asker, domain_id, account_id, job_id, "document opened")
    return download(at.service.document(job_id), f"fax-{job_id}.pdf", "application/pdf")


# fax interfaces


@router.get("/{domain_id}/interfaces", summary="Those of the domain, and those found and free")
async def interfaces(at: At, domain_id: Id) -> list[InterfaceOut]:
    with at.clerks() as clerks:
        return [interface_out(one) for one in clerks.plant.interfaces(at.asker, domain_id)]


@router.post("/{domain_id}/interfaces/{interface_id}/register", summary="Take a port licence", responses=problems(409))
async def register(at: At, domain_id: Id, interface_id: Id) -> InterfaceOut:
    with at.clerks() as clerks:
        return interface_out(clerks.plant.register(at.asker, domain_id, interface_id))


@router.post("/{domain_id}/interfaces/{interface_id}/release", summary="Give it and its licence back")
async def release(at: At, domain_id: Id, interface_id: Id) -> InterfaceOut:
    with at.clerks() as clerks:
        return interface_out(clerks.plant.unregister(at.asker, domain_id, interface_id))


@router.patch("/{domain_id}/interfaces/{interface_id}", summary="Configure one", responses=problems(409))
async def configure(at: At, domain_id: Id, interface_id: Id, given: InterfaceChange) -> InterfaceOut:
    with at.clerks() as clerks:
        return interface_out(clerks.plant.configure(at.asker, domain_id, interface_id, **given.model_dump()))
