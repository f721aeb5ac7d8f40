"""Archives: what is taken, what is refused and how it is said, and how files become pages."""

import csv
import io
import zipfile
from datetime import date
from itertools import product

import pytest

from services.fetcher import archive as limits
from services.fetcher import chunks as pages
from services.fetcher.archive import Archive
from services.fetcher.archive_runs import Scope
from services.fetcher.chunks import Chunk, chunks
from shared.archive import COLUMNS
from shared.errors import PermanentError
from shared.model import Dataset
from tests.archives import Files, made, opened, real, rows_in, zipped

KENT = "2018-10/2018-10-kent-street.csv"
HEADER = ",".join(COLUMNS[Dataset.STREET]).encode()
ROW = b",2018-10,Kent Police,Kent Police,0.964269,51.258117,On or near A,E01023987,Ashford 001B,Drugs,,"

PUBLISHED = {
    **real("2018-10", Dataset.STREET, "kent"),
    **real("2022-01", Dataset.STREET, "thames-valley"),
    **real("2022-01", Dataset.OUTCOMES, "thames-valley"),
    **real("2022-01", Dataset.STOPS, "thames-valley"),
}
"""Files whose lines end with LF, and with CRLF."""


def refusal(data: bytes) -> str:
    """What is said of an archive that is not taken."""
    with pytest.raises(PermanentError) as problem:
        Archive(io.BytesIO(data))
    return str(problem.value)


def read(body: bytes, name: str = KENT) -> list[Chunk]:
    """The pages of an archive's only file."""
    archive = opened({name: body})
    return list(chunks(archive, archive.members[0]))


def refused_file(body: bytes) -> str:
    """What is said of a file that is not taken."""
    with pytest.raises(PermanentError) as problem:
        read(body)
    return str(problem.value)


def test_files_are_known_by_their_names_and_others_are_counted() -> None:
    archive = opened(
        {
            KENT: made(Dataset.STREET),
            "deep/er/2018-11/2018-11-btp-outcomes.csv": made(Dataset.OUTCOMES),
            "2018-10/2018-10-dyfed-powys-stop-and-search.csv": made(Dataset.STOPS),
            "2018-10/2018-11-kent-street.csv": b"month and folder differ",
            "2018-10/2018-10-kent-neighbourhoods.csv": b"another kind",
            "README.txt": b"",
        }
    )
    assert [(one.month, one.dataset, one.force) for one in archive.members] == [
        (date(2018, 10, 1), Dataset.STOPS, "dyfed-powys"),
        (date(2018, 10, 1), Dataset.STREET, "kent"),
        (date(2018, 11, 1), Dataset.OUTCOMES, "btp"),
    ]
    assert archive.ignored == 3


def test_the_identity_is_that_of_the_content() -> None:
    files = {KENT: made(Dataset.STREET), "README.txt": b"x"}
    again = zipped(dict(reversed(files.items())), zipfile.ZIP_STORED)
    assert opened(files).identity == Archive(io.BytesIO(again)).identity
    assert opened(files).identity != opened({**files, "README.txt": b"y"}).identity


def test_runs_are_named_after_content_and_forces_and_not_after_the_months_asked_with_them() -> None:
    archive = opened({KENT: made(Dataset.STREET)})
    whole, kent = Scope().order_id(archive), Scope(forces=("kent",)).order_id(archive)
    assert whole == Scope(months=(date(2018, 10, 1),)).order_id(archive) != kent


def test_what_is_chosen_is_what_was_asked_for() -> None:
    files = real("2018-10", Dataset.STREET, "city-of-london", "kent") | real(
        "2018-11", Dataset.STOPS, "city-of-london"
    )
    archive = opened(files)
    assert len(archive.choose(None, None, None)) == 3
    assert [one.force for one in archive.choose([date(2018, 10, 1)], None, ["kent"])] == ["kent"]
    assert [one.month.month for one in archive.choose(None, [Dataset.STOPS], None)] == [11]


@pytest.mark.parametrize(
    ("months", "datasets", "forces", "said"),
    [
        ([date(2017, 1, 1)], None, None, "nothing of 2017-01; it has 2018-10, street, of kent"),
        (None, [Dataset.STOPS], None, "no file of stops for what was asked; it has 2018-10, street, of kent"),
        (None, None, ["surrey"], "no file of what was asked; it has 2018-10, street, of kent"),
    ],
)
def test_what_the_archive_lacks_is_said_with_what_it_has(
    months: list[date] | None, datasets: list[Dataset] | None, forces: list[str] | None, said: str
) -> None:
    with pytest.raises(PermanentError, match=said):
        opened({KENT: made(Dataset.STREET)}).choose(months, datasets, forces)


def test_no_zip_and_a_cut_one_are_told_apart() -> None:
    whole = zipped(real("2018-10", Dataset.STREET, "city-of-london"))
    assert refusal(b"<html>404</html>") == "not a zip file"
    assert refusal(b"") == "not a zip file"
    assert "cut or damaged" in refusal(whole[:-100])


def test_a_damaged_member_is_refused_when_it_is_read() -> None:
    whole = bytearray(zipped(real("2018-10", Dataset.STREET, "city-of-london")))
    whole[5_000] ^= 0xFF
    archive = Archive(io.BytesIO(bytes(whole)))
    with pytest.raises(PermanentError, match="is cut or damaged"):
        list(chunks(archive, archive.members[0]))


@pytest.mark.parametrize("name", ["../2018-10/x.csv", "a/../../b", "/etc/passwd", "..\\x"])
def test_names_that_leave_the_folder_are_refused(name: str) -> None:
    assert "a name that leaves its folder" in refusal(zipped({name: b"x"}))


def test_two_files_of_one_force_and_month_are_refused() -> None:
    said = refusal(zipped({KENT: b"", f"again/{KENT}": b""}))
    assert said == f"the same force and month twice: {KENT} and again/{KENT}"


def test_a_file_that_unpacks_to_far_more_than_its_size_is_refused() -> None:
    said = refusal(zipped({KENT: bytes(1 << 20)}))
    assert "2018-10-kent-street.csv unpacks to" in said
    assert f"at most {limits.MAX_RATIO} times is taken" in said


def test_sizes_and_numbers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(real("2018-10", Dataset.STREET, "city-of-london", "kent"))
    for limit, value, said in (
        ("MAX_MEMBERS", 1, "2 members, at most 1 are taken"),
        ("MAX_MEMBER_BYTES", 1 << 20, "unpacks to 3 MB, at most 1 MB are taken"),
        ("MAX_TOTAL_BYTES", 1 << 20, "the archive unpacks to 4 MB, at most 1 MB are taken"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(limits, limit, value)
            assert said in refusal(data)


def test_encrypted_and_oddly_packed_members_are_refused() -> None:
    data = bytearray(zipped({KENT: made(Dataset.STREET)}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(data)) == f"{KENT} is encrypted"
    assert "only stored and deflated are" in refusal(zipped({KENT: b"x"}, zipfile.ZIP_BZIP2))


def test_a_month_before_all_data_is_refused() -> None:
    assert "2010-12 or later" in refusal(zipped({"1999-01/1999-01-kent-street.csv": b""}))


def test_a_file_becomes_pages_with_the_same_rows_below_the_same_header() -> None:
    files = real("2018-10", Dataset.STREET, "kent")
    [body] = files.values()
    found = read(body)
    assert [one.records for one in found] == [10_000, len(rows_in(files)) - 10_000]
    assert [one.is_last for one in found] == [False, True]
    header, _, rows = body.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    assert b"".join(one.body.removeprefix(header + b"\n") for one in found) == rows


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("close", [True, False])
def test_line_ends_stay_and_a_byte_order_mark_goes(start: bytes, end: bytes, close: bool) -> None:
    body = end.join([HEADER, ROW, ROW]) + (end if close else b"")
    [page] = read(start + body)
    assert page == Chunk(body, 2, True)


def test_a_file_with_a_header_only_is_a_page_without_records() -> None:
    assert read(HEADER + b"\n") == [Chunk(HEADER + b"\n", 0, True)]


def test_a_quoted_field_may_span_lines_and_empty_lines_are_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_ROWS", 1)
    quoted = ROW.replace(b"On or near A", b'"On or near ""A"",\r\nupstairs"')
    found = read(b"\r\n".join([HEADER, quoted, b"", ROW, b""]))
    assert [one.records for one in found] == [1, 1]
    [_, row] = csv.reader(io.StringIO(found[0].body.decode(), newline=""))
    assert row[6] == 'On or near "A",\r\nupstairs'


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    "odd", [b"", ROW.replace(b"A,", b"\xc3\xa9,"), ROW.replace(b"A,", b'"A\n",'), b"\r", b"\n", b"\r\n"]
)
def test_pages_are_the_same_whether_lines_are_rows_or_not(
    odd: bytes, end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MAX_ROWS", 3)
    monkeypatch.setattr(pages, "READ_AT_ONCE", 2 * len(ROW))
    for count, close in product((0, 1, 2, 3, 4, 6, 7, 20), (b"", end)):
        rows = [ROW.replace(b"Drugs", b"Drugs %d" % number) for number in range(count)]
        for place in range(count + 1):
            body = end.join([HEADER, *rows[:place], *filter(None, [odd]), *rows[place:]]) + close
            lines = io.TextIOWrapper(io.BytesIO(body), "utf-8", newline="")
            assert read(body) == list(pages.cut(lines, Dataset.STREET))


def test_files_as_they_are_published_are_not_read_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pages, "read_lines")
    for name, body in PUBLISHED.items():
        assert sum(one.records for one in read(body, name)) == body.count(b"\n") - 1


def test_no_more_is_read_than_a_page_may_hold_until_its_rows_are_cut_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "MAX_CHARACTERS", 10 * len(ROW))
    monkeypatch.setattr(pages, "READ_AT_ONCE", len(ROW))
    body = io.BytesIO(b"\n".join([HEADER, *[ROW] * 1_000]))
    with pytest.raises(pages.NotPlainError):
        list(pages.cut_plain(body, Dataset.STREET))
    assert body.tell() < len(HEADER) + 12 * len(ROW)


def test_long_rows_make_shorter_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_CHARACTERS", 3 * len(ROW))
    assert [one.records for one in read(b"\n".join([HEADER, *[ROW] * 10]))] == [3, 3, 3, 1]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER.replace(b",Context", b""), "missing: Context; valid are exactly: Crime ID, Month"),
        (HEADER + b",Fraud", "unknown: 'Fraud'; valid are exactly"),
        (b"", "missing: Crime ID, Month"),
        (b"<html>", "unknown: '<html>'"),
    ],
)
def test_other_columns_are_refused_by_name(header: bytes, said: str) -> None:
    found = refused_file(header + b"\n" + ROW)
    assert found.startswith(f"{KENT}: wrong columns")
    assert said in found


def test_columns_in_another_order_are_taken() -> None:
    assert read(b",".join(reversed(HEADER.split(b","))) + b"\n")[0].records == 0


def test_what_is_not_utf_8_is_refused() -> None:
    assert refused_file(HEADER + b"\n" + ROW.replace(b"near A", b"near \xe9")).startswith(
        f"{KENT} is not UTF-8"
    )


@pytest.mark.parametrize("row", [b"x" * 70_000, b'"' + b"x\n" * 40_000])
def test_a_row_without_an_end_is_refused(row: bytes) -> None:
    body = HEADER + b"\n" + row + b"".join(b"%d\n" % n for n in range(5_000))
    assert "a row has 65,536 characters or more: is a quote not closed?" in refused_file(body)


def test_pages_hold_all_rows_of_every_kind() -> None:
    files: Files = {
        **real("2022-01", Dataset.STREET, "thames-valley"),
        **real("2022-01", Dataset.OUTCOMES, "thames-valley"),
        **real("2022-01", Dataset.STOPS, "thames-valley"),
    }
    archive = opened(files)
    for member in archive.members:
        rows = len(rows_in({member.name: files[member.name]}))
        assert sum(one.records for one in chunks(archive, member)) == rows
