"""What the fax service tells its user when it cannot do a thing: one sentence, with the remedy."""


class ServiceError(Exception):
    pass


class ConversionError(ServiceError):
    """A document cannot be made into pages."""


class QueueError(ServiceError):
    """A job cannot do what was asked of it."""


class DeliveryError(ServiceError):
    """A fax interface cannot be reached, or refuses."""


class StaleFenceError(DeliveryError):
    """Another worker has taken over this job; the one that gets this must leave it alone."""
