"""The introduction of the API, for its document and its page."""

INTRODUCTION = """\
What the police of England and Wales publish: street crimes, their outcomes, and stops and searches. Single
records, counts, trends, comparisons, hexagon maps, whole months as files, and reports on a neighbourhood.

**Missing is never zero.** Answers name the months that are not held (`missing_months`) and where records are,
or may be, missing and how that is known (`gaps`). What is not known is null in JSON and empty in CSV.

**Versions.** `data_version` says which version of each month was used. An `ETag` names the state of an
answer: sent back as `If-None-Match` it costs nothing while nothing has changed (304).

**Pages.** Searches give `limit` records and `next`, the address of the next page. Its `after` is the id of
the last record, so nothing comes twice and nothing is left out while data are replaced.

**Forms.** JSON, and where it says so GeoJSON or CSV: by `Accept`, or by the ending of the address, which goes
before it. A choice of several values has commas between them. `HEAD` works wherever `GET` does.

**Limits and keys.** Public reads need no key. Requests are counted by the minute for each address, or each
key; `RateLimit-*` headers say what is left, and 429 when to come back. A key from the operator raises the
limits: `Authorization: Bearer KEY` or `X-API-Key: KEY`.

**Errors** are `application/problem+json` (RFC 9457): `detail` says what is wrong, `parameter` names what it
is about, and `valid` lists what it may be. A method that an address does not have is 405 with `Allow`."""

TAGS = {
    "coverage": "What is held, what is missing, how new it is, and how that is known.",
    "records": "Single records as they were published, of a circle, rectangle, polygon, postcode or force.",
    "statistics": "Counts, shares, trends and comparisons: the tables behind dashboards, as JSON or CSV.",
    "maps": "Hexagon cells with their counts, as GeoJSON and as vector tiles.",
    "downloads": "Whole months as files: gzipped CSV and GeoParquet, resumable, with checksums.",
    "reports": "Neighbourhood reports: ordered, followed, fetched and verified.",
    "forces": "The forces, and what there is of each.",
    "reference": "What the numbers are made with: words, groups, areas, rules, postcodes.",
}
