"""An archive behind a URL, on a real server: what is fetched, and which servers are refused."""

import io
import random
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO, cast

import pytest

from services.fetcher import remote_file
from services.fetcher.archive import Archive
from services.fetcher.chunks import chunks
from services.fetcher.remote_file import RemoteFile, open_url
from shared.errors import PermanentError, TransientError
from shared.model import Dataset
from tests.archives import opened, real, zipped

Change = Callable[["Answer"], None]


class Answer:
    """What the server is about to say; a test may change it."""

    def __init__(self, number: int, body: bytes, start: int, end: int, size: int) -> None:
        self.number, self.body, self.status = number, body, 206
        self.headers = {"Content-Range": f"bytes {start}-{end - 1}/{size}", "ETag": '"a"'}


class Server(ThreadingHTTPServer):
    """Serves one file in parts."""

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data, self.sent, self.asked = data, 0, 0
        self.change: Change = lambda answer: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/archive/2018-10.zip"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = cast(Server, self.server)
        first, last = self.headers["Range"].removeprefix("bytes=").split("-")
        start, end = int(first), min(int(last) + 1, len(server.data))
        server.asked += 1
        answer = Answer(server.asked, server.data[start:end], start, end, len(server.data))
        server.change(answer)
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        server.sent += len(answer.body)

    def log_message(self, *arguments: object) -> None:
        del arguments


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(remote_file, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(remote_file, "LONGEST_WAIT", 0.02)
    with Server(zipped(real("2018-10", Dataset.STREET, "city-of-london", "kent", "btp"))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_one_force_is_read_without_fetching_the_others(server: Server) -> None:
    with open_url(server.url) as remote:
        archive = Archive(cast(BinaryIO, remote))
        member = next(one for one in archive.members if one.force == "city-of-london")
        found = list(chunks(archive, member))
    packed = archive.zip.getinfo(member.name).compress_size
    assert found == list(chunks(opened(real("2018-10", Dataset.STREET, "city-of-london")), member))
    assert server.sent == remote.fetched
    assert packed < server.sent < packed + 5 * remote_file.AHEAD < len(server.data) / 4


def test_any_part_is_the_same_as_of_a_file(server: Server) -> None:
    chance = random.Random(5)
    plain = io.BytesIO(server.data)
    with open_url(server.url) as remote:
        assert remote.size == len(server.data)
        for _ in range(50):
            offset, size = chance.randrange(len(server.data) + 100), chance.choice([0, 1, 30, 5_000])
            plain.seek(offset)
            remote.seek(offset)
            assert remote.read(size) == plain.read(size)
        remote.seek(-22, io.SEEK_END)
        assert remote.read() == server.data[-22:]


def ignores_range(answer: Answer) -> None:
    answer.status = 200


def is_lost(answer: Answer) -> None:
    answer.status, answer.headers = 404, {}


def changes(answer: Answer) -> None:
    answer.headers["ETag"] = f'"{answer.number}"'


def grows(answer: Answer) -> None:
    answer.headers["Content-Range"] = answer.headers["Content-Range"] + "0" * (answer.number > 1)


def is_short(answer: Answer) -> None:
    answer.body = answer.body[: len(answer.body) // 2 + 1]


def is_of_another_place(answer: Answer) -> None:
    answer.headers["Content-Range"] = "bytes 7-9/" + answer.headers["Content-Range"].rpartition("/")[2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (ignores_range, "does not honour Range; download the file first"),
        (is_lost, "HTTP 404, not the part of a file that was asked for"),
        (changes, "changed while it was read"),
        (grows, "changed while it was read"),
        (is_short, "were asked for"),
        (is_of_another_place, "bytes 7-9 came"),
    ],
)
def test_a_server_that_cannot_be_believed_is_refused(server: Server, change: Change, said: str) -> None:
    server.change = change
    with pytest.raises(PermanentError, match=said), open_url(server.url) as remote:
        Archive(cast(BinaryIO, remote))


def test_a_server_that_fails_for_a_moment_is_asked_again(server: Server) -> None:
    def fail(answer: Answer) -> None:
        answer.status = 503 if answer.number % 3 else 206

    server.change = fail
    with open_url(server.url) as remote:
        assert len(Archive(cast(BinaryIO, remote)).members) == 3


def test_a_server_that_fails_for_ever_is_given_up(server: Server) -> None:
    def fail(answer: Answer) -> None:
        answer.status = 503

    server.change = fail
    with pytest.raises(TransientError, match="HTTP 503"), open_url(server.url):
        pass
    assert server.asked == remote_file.TRIES


@pytest.mark.parametrize(
    "url", ["ftp://example.org/a.zip", "http://", "file:///etc/passwd", "http://[bad/a.zip"]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(PermanentError, match="valid are http:// and https://"), open_url(url):
        pass


@pytest.mark.parametrize("host", ["127.0.0.1:port", "xn--"])
def test_hosts_that_cannot_be_are_refused(host: str) -> None:
    with (
        pytest.raises(PermanentError, match=f"^http://{host}/a.zip: "),
        open_url(f"http://{host}/a.zip?secret"),
    ):
        pass


def test_a_directory_of_absurd_size_is_not_fetched(server: Server) -> None:
    at = server.data.rindex(b"PK\x05\x06") + 12
    told = (9 << 20).to_bytes(4, "little")
    server.data = bytes(9 << 20) + server.data[:at] + told + server.data[at + 4 :]
    with pytest.raises(PermanentError, match="directory has 9,437,184 bytes"), open_url(server.url) as remote:
        Archive(cast(BinaryIO, remote))
    assert server.sent < 70_000


def test_it_is_a_file_as_zipfile_wants_it(server: Server) -> None:
    with open_url(server.url) as remote:
        assert isinstance(remote, RemoteFile)
        assert remote.seekable()
        assert remote.readable()
        assert not remote.writable()
