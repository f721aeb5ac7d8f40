"""Order a neighbourhood report and save it as PDF. Needs only `pip install nats-py`.

    NATS_URL=nats://acme:PASSWORD@host:4222 PARTNER=acme python partner_quickstart.py 2024-000123 "EC2M 7PY"

The contract is in partners.md.
"""

import asyncio
import base64
import hashlib
import json
import os
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import nats
from nats.js import JetStreamContext

NATS_URL, PARTNER = os.environ.get("NATS_URL", ""), os.environ.get("PARTNER", "")
DOMAIN = os.environ.get("NATS_DOMAIN", "crimemaps") or None


async def order_report(order_id: str, postcode: str) -> bytes:
    connection = await nats.connect(NATS_URL)
    jetstream = connection.jetstream(domain=DOMAIN)
    try:
        # Returns when the order is on disk. If it fails, order again with the same id: it stays one order.
        order = {"id": order_id, "postcode": postcode, "tier": "standard"}
        await jetstream.publish(f"report.requested.{PARTNER}", json.dumps(order).encode())
        answer = await wait_for_answer(jetstream, order_id)
        if "code" in answer:
            sys.exit(f"{answer['code']}: {answer['detail']}")
        pdf = await download(jetstream, answer["bucket"], answer["object"])
    finally:
        await connection.close()
    if hashlib.sha256(pdf).hexdigest() != answer["sha256"]:
        sys.exit("the PDF is not the one that was rendered: download it again")
    print(f"report {answer['report_id']}: {answer['pages']} pages, {answer['bytes']} bytes")
    return pdf


async def wait_for_answer(jetstream: JetStreamContext, order_id: str) -> dict[str, Any]:
    """Real systems run one such loop for all their orders, and acknowledge what they have kept."""
    answers = await jetstream.pull_subscribe_bind(f"answers-{PARTNER}", stream="FACTS")
    ends = monotonic() + 600
    while monotonic() < ends:
        try:
            [message] = await answers.fetch(1, timeout=30)
        except nats.errors.TimeoutError:
            continue
        answer: dict[str, Any] = json.loads(message.data)
        if answer["id"] in (order_id, None):  # None: what was ordered has no id that could be read
            await message.ack()
            return answer
        await message.nak(delay=5)  # the answer to another order: for whoever waits for it
    sys.exit("no answer yet: the order waits; run this again with the same id")


async def download(jetstream: JetStreamContext, bucket: str, name: str) -> bytes:
    """The object's description, then its pieces. nats-py's `get()` needs rights that no partner has."""
    stream, key = f"OBJ_{bucket}", base64.urlsafe_b64encode(name.encode()).decode()
    info = json.loads((await jetstream.get_msg(stream, subject=f"$O.{bucket}.M.{key}")).data or b"{}")
    data, sequence = b"", 0
    while len(data) < info["size"]:
        pieces = f"$O.{bucket}.C.{info['nuid']}"
        piece = await jetstream.get_msg(stream, seq=sequence + 1, subject=pieces, next=True)
        data, sequence = data + (piece.data or b""), piece.seq or 0
    return data


if __name__ == "__main__":
    if len(sys.argv) != 3 or not NATS_URL or not PARTNER:
        sys.exit(__doc__)
    try:
        Path(f"{sys.argv[1]}.pdf").write_bytes(asyncio.run(order_report(sys.argv[1], sys.argv[2])))
    except nats.errors.Error as problem:
        sys.exit(f"{type(problem).__name__} {problem}: are NATS_URL, PARTNER and NATS_DOMAIN right?")
