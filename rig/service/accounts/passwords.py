"""Passwords are hashed slowly (argon2id). Tokens are 256 random bits, so one fast digest hides them as well."""

import secrets
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rig.service.errors import InvalidError

SHORTEST, LONGEST = 10, 256
TOKEN = "fax_"


class Passwords:
    """*hasher* may be a faster one in a test."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = ""

    def hashed(self, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST:
            raise InvalidError(
                f"The password has {len(password)} characters", f"choose one of {SHORTEST} to {LONGEST} characters"
            )
        return self._hasher.hash(password)

    def fits(self, password: str, kept: str) -> bool:
        """Takes as long for somebody who has none (*kept* is empty): the time tells nothing."""
        self._nobody = self._nobody or self._hasher.hash(secrets.token_urlsafe())
        try:
            return self._hasher.verify(kept or self._nobody, password[: LONGEST + 1]) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def new_token() -> str:
    return TOKEN + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
