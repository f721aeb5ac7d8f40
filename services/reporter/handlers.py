"""The reporter's messages. Nothing is subscribed yet: reports come with a later version."""

from faststream.nats import NatsBroker


def register(broker: NatsBroker) -> None:
    """Subscribe the handlers, once there are any."""
