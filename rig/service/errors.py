"""What the fax service tells its user when it cannot do a thing: one sentence, with the remedy.

ServiceError
    ConversionError     a document cannot be made into pages
    QueueError          a job cannot do what was asked of it
        NumberError         what was given is no fax number
        TooLargeError       the document passes the limit
        UnknownJobError     there is no such fax, or it has no such document
        FinishedError       the fax has already ended
        ReusedKeyError      an idempotency key comes again with another request
    AccountError        users, numbers and accounts cannot be as asked
        InvalidError        a value that cannot be
        UnknownError        there is none, or none that the asker may know of
        ForbiddenError      the asker's role does not reach so far
        LicenceError        a licence is missing
        HipaaError          HIPAA mode refuses it
        SignInError         who asks is not known
    DeliveryError       a fax interface cannot be reached, or refuses
        StaleFenceError     another worker has the job
"""


class ServiceError(Exception):
    """*detail* says what is wrong, *remedy* what to do about it; as text both make one sentence."""

    def __init__(self, detail: str = "", remedy: str = "") -> None:
        super().__init__(detail, remedy)
        self.detail = detail
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.detail}; {self.remedy}." if self.remedy else self.detail


class ConversionError(ServiceError):
    """A document cannot be made into pages."""


class QueueError(ServiceError):
    """A job cannot do what was asked of it."""


class NumberError(QueueError):
    """What was given is no fax number."""


class TooLargeError(QueueError):
    """The document passes the size limit."""


class UnknownJobError(QueueError):
    """There is no such fax, or it has no such document or page."""


class FinishedError(QueueError):
    """The fax has already ended: nothing is left to cancel."""


class ReusedKeyError(QueueError):
    """An idempotency key was used before for another request."""


class AccountError(ServiceError):
    """Users, numbers and accounts cannot be as asked."""


class InvalidError(AccountError):
    """A value that cannot be."""


class UnknownError(AccountError):
    """There is none, or none that the asker may know of."""


class ForbiddenError(AccountError):
    """The asker's role does not reach so far."""


class LicenceError(AccountError):
    """A licence is missing."""


class HipaaError(AccountError):
    """HIPAA mode refuses it."""


class SignInError(AccountError):
    """Who asks is not known."""


class DeliveryError(ServiceError):
    """A fax interface cannot be reached, or refuses."""


class StaleFenceError(DeliveryError):
    """Another worker has taken over this job; the one that gets this must leave it alone."""
