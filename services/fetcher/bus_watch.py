"""How many messages wait, and how many were given up: measured by the fetcher, of which there is one."""

from faststream.nats import NatsBroker
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError

from shared.errors import TransientError
from shared.events import DEAD
from shared.metrics import dead_letters_held, queue_messages
from shared.provision import CONSUMERS

ANSWER_SECONDS = 5.0


async def measure_bus(broker: NatsBroker) -> None:
    """Set the gauges of every consumer and of the dead letters.

    Raises:
        TransientError: the bus does not answer, or is not provisioned.
    """
    queue_messages.clear()  # what is not known must not look like what was
    jetstream = broker.connection.jetstream(timeout=ANSWER_SECONDS)
    try:
        for durable, consumer in CONSUMERS.items():
            info = await jetstream.consumer_info(consumer.event.stream, durable)
            queue_messages.labels(durable, "waiting").set(info.num_pending or 0)
            queue_messages.labels(durable, "in_progress").set(info.num_ack_pending or 0)
        dead_letters_held.set((await jetstream.stream_info(DEAD)).state.messages)
    except NotFoundError as error:
        raise TransientError("the bus is not provisioned: run `python -m shared.provision`") from error
    except (NatsError, OSError, TimeoutError) as error:
        raise TransientError(f"the queues cannot be measured: {error or type(error).__name__}") from error
