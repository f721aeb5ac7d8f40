"""Errors, cut by what the one who catches them should do."""


class CrimeMapsError(Exception):
    """Any error that this system raises on purpose. Its text is written for a person."""


class TransientError(CrimeMapsError):
    """Try again later: an outage, a lost connection, a full disk."""


class NotYetError(TransientError):
    """The handler came too early: what it waits for is on its way. Try again very soon."""


class PermanentError(CrimeMapsError):
    """Trying again cannot help: the message goes to the dead letters with this reason."""


class RequestError(CrimeMapsError):
    """The caller asked for something that does not exist; the text names what does."""
