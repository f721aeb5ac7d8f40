"""The connection of a service to the bus: who we are, whom we trust, and what it survives."""

from types import TracebackType

from faststream.nats import NatsBroker
from faststream.nats.security import NatsSecurity, NatsUserPassword
from nats.aio.client import ErrorCallback
from nats.errors import Error as NatsError

from shared.bus_url import BusUrl
from shared.logs import get_logger

log = get_logger()


class Broker(NatsBroker):
    """A broker that reconnects whatever a server has said.

    FastStream's own ends the task that reconnects, and so the connection for good, after some errors of a
    server: one that restarts with too many clients, or does not know its users yet, says so for a moment.
    """

    def _log_connection_broken(self, error_cb: ErrorCallback | None = None) -> ErrorCallback:
        return error_cb or super()._log_connection_broken()

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """End the connection; one that is looking for its server has nothing to say goodbye to."""
        try:
            await super().stop(exc_type, exc_val, exc_tb)
        except NatsError:
            await self.connection.close()


def security_of(url: BusUrl) -> NatsSecurity | None:
    """Who we are, and whom to trust."""
    if url.user and url.password:
        return NatsUserPassword(
            username=url.user, password=url.password, ssl_context=url.tls, tls_handshake_first=bool(url.tls)
        )
    return NatsSecurity(ssl_context=url.tls, tls_handshake_first=True) if url.tls else None


async def note_error(error: Exception) -> None:
    """Log what the bus forbids, which otherwise looks like an answer that does not come."""
    if any(word in str(error).lower() for word in ("permissions violation", "authorization")):
        log.error("bus.forbidden", reason=str(error))
