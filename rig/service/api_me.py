"""What somebody who signs in may know and do about the own user."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from firmware_sim.clock import seconds
from rig.service.accounts.access import boxes_of, signed_in
from rig.service.accounts.boxes import caller_ids
from rig.service.accounts.model import Domain, Token
from rig.service.web import At, problems

router = APIRouter(tags=["your own user"])


class SignIn(BaseModel):
    login: str = Field(max_length=130, examples=["anna@acme"])
    password: str = Field(max_length=256)


class NewToken(BaseModel):
    name: str = Field(min_length=1, max_length=64, description="What it is for", examples=["our CRM"])
    days: int | None = Field(None, ge=1, le=3650, description="How long it is valid; null: until it is removed")


class NewPassword(BaseModel):
    old: str = Field(max_length=256)
    new: str = Field(max_length=256)


class TokenOut(BaseModel):
    id: int
    name: str
    created_at: int
    used_at: int | None = Field(description="To the minute")
    expires_at: int | None


class TokenMade(TokenOut):
    token: str = Field(description="Shown this once: only its digest is kept")


class MeOut(BaseModel):
    login: str = Field(examples=["anna@acme"])
    role: str = Field(description="user, manager or reseller")
    kind: str
    domain: str | None
    domain_id: int | None
    mail: str
    licence: str = Field(description="uc, fax, or empty: nothing can be sent, what comes in waits")
    boxes: list[str] = Field(description="Those open to you: your own and those of your groups")
    caller_ids: list[str] = Field(description="Numbers routed to you, then those free in the domain")


@router.post("/session", status_code=201, summary="Sign in", responses=problems(401, 422))
async def sign_in(at: At, given: SignIn) -> TokenMade:
    """A token for 12 hours."""
    with at.clerks() as clerks:
        return made(*clerks.people.sign_in(given.login, given.password))


@router.get("/me", summary="Who you are, with your boxes and caller IDs", responses=problems(401))
async def me(at: At) -> MeOut:
    user = signed_in(at.asker)
    with at.clerks() as clerks:
        inside = user.domain_id is not None
        return MeOut(
            login=user.login,
            role=user.role,
            kind=user.kind,
            domain=clerks.book.get(Domain, user.domain_id).name if user.domain_id is not None else None,
            domain_id=user.domain_id,
            mail=user.mail,
            licence=user.licence,
            boxes=[box.name for box in boxes_of(clerks.book, user)] if inside else [],
            caller_ids=caller_ids(clerks.book, at.asker) if inside else [],
        )


@router.put("/me/password", status_code=204, summary="A new password", responses=problems(401, 422))
async def password(at: At, given: NewPassword) -> Response:
    with at.clerks() as clerks:
        clerks.people.change_own_password(at.asker, given.old, given.new)
    return Response(status_code=204)


@router.get("/tokens", summary="Your tokens", responses=problems(401))
async def tokens(at: At) -> list[TokenOut]:
    with at.clerks() as clerks:
        return [TokenOut(**_fields(token)) for token in clerks.people.tokens(at.asker)]


@router.post("/tokens", status_code=201, summary="A token for a program of yours", responses=problems(401, 422))
async def add_token(at: At, given: NewToken) -> TokenMade:
    lasts = None if given.days is None else seconds(given.days * 24 * 3600)
    with at.clerks() as clerks:
        return made(*clerks.people.add_token(at.asker, given.name, lasts))


@router.delete("/tokens/{token_id}", status_code=204, summary="Remove a token", responses=problems(401, 404))
async def remove_token(at: At, token_id: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Response:
    with at.clerks() as clerks:
        clerks.people.remove_token(at.asker, token_id)
    return Response(status_code=204)


def made(text: str, token: Token) -> TokenMade:
    return TokenMade(token=text, **_fields(token))


def _fields(token: Token) -> dict[str, object]:
    return {name: getattr(token, name) for name in TokenOut.model_fields}
