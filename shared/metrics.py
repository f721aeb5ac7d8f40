"""Every metric of the system, in one place. `docs/metrics.md` says what each means.

Labels have few values: a dataset, a subject, a fate; never a month, an id or a force.
"""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
ANSWER_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30)
"""0.3 is the promise for reads (deploy/monitoring/alerts.yaml)."""

messages_handled = Counter(
    "crimemaps_messages_handled_total", "Messages handled, by result", ["durable", "result"]
)
handler_seconds = Histogram("crimemaps_handler_seconds", "Time in a handler", ["durable"], buckets=SECONDS)
dead_letters = Counter(
    "crimemaps_dead_letters_total", "Messages given up, with their reason kept", ["durable"]
)
dead_letters_held = Gauge("crimemaps_dead_letters_held", "Messages given up that nobody has dealt with")
queue_messages = Gauge(
    "crimemaps_queue_messages", "Messages of a queue: waiting, in_progress", ["durable", "state"]
)

upstream_requests = Counter(
    "crimemaps_upstream_requests_total",
    "Requests to the police API, by route and status",
    ["route", "status"],
)
upstream_seconds = Histogram(
    "crimemaps_upstream_seconds", "Time until the whole answer was there", ["route"], buckets=SECONDS
)
upstream_retries = Counter("crimemaps_upstream_retries_total", "Requests sent again", ["reason"])
upstream_in_flight = Gauge("crimemaps_upstream_in_flight", "Requests waiting for their answer")
upstream_paused = Gauge(
    "crimemaps_upstream_paused", "1 while all requests wait because of a 429 or an outage"
)
tile_splits = Counter("crimemaps_tile_splits_total", "Tiles that held too many records", ["dataset"])
pages_published = Counter("crimemaps_pages_published_total", "Raw answers put on the bus", ["dataset"])
newest_month_age = Gauge(
    "crimemaps_newest_month_age_seconds", "Time since the end of the newest loaded month", ["dataset"]
)
release_waiting = Gauge(
    "crimemaps_release_waiting_seconds",
    "Time since the newest release was noticed; 0 once its newest month can be seen",
    ["dataset"],
)
releases_seen = Counter("crimemaps_releases_seen_total", "New releases that the watcher noticed")

records = Counter(
    "crimemaps_records_total",
    "Records of loaded months: received, stored, duplicates, set_aside, out_of_scope, kept_from_previous",
    ["dataset", "fate"],
)
unknown_labels = Counter(
    "crimemaps_unknown_labels_total", "Published words that no reference table has", ["kind"]
)
pages_staged = Counter("crimemaps_pages_staged_total", "Pages staged for loading", ["dataset", "result"])
rollbacks = Counter("crimemaps_rollbacks_total", "Months taken back to an earlier version", ["dataset"])
reconciliations = Counter(
    "crimemaps_reconciliations_total", "Versions of the API compared with one of an archive", ["dataset"]
)
gate_verdicts = Counter("crimemaps_gate_verdicts_total", "Months decided", ["dataset", "verdict"])
swap_seconds = Histogram(
    "crimemaps_swap_seconds", "Time to build, check and swap a month", ["dataset"], buckets=SECONDS
)

rebuild_seconds = Histogram(
    "crimemaps_rebuild_seconds", "Time to rebuild a month's cells and cubes", ["dataset"], buckets=SECONDS
)
cells_written = Gauge("crimemaps_cells", "Cells of the newest rebuild", ["dataset", "level"])
unmapped_outcomes = Gauge(
    "crimemaps_unmapped_outcomes", "Records of the newest rebuild whose outcome no mapping knows", ["dataset"]
)

download_seconds = Histogram(
    "crimemaps_download_seconds", "Time to make the files of a month", ["dataset"], buckets=SECONDS
)
downloads_missing = Gauge("crimemaps_downloads_missing", "Loaded months whose files are not made yet")

reports_answered = Counter(
    "crimemaps_reports_answered_total", "Orders of reports that were answered: rendered, failed", ["answer"]
)
report_seconds = Histogram(
    "crimemaps_report_seconds", "Time from claiming an order to its answer", buckets=SECONDS
)

report_basemaps = Counter(
    "crimemaps_report_basemaps_total",
    "Reports where the operator has tiles, by what lies under their maps: tiles, not_covered, unavailable",
    ["result"],
)

cache_lookups = Counter(
    "crimemaps_cache_lookups_total",
    "Answers asked of the cache: hit, miss, shared with a request under way, error",
    ["result"],
)
limit_decisions = Counter(
    "crimemaps_limit_decisions_total",
    "Requests by limit: allowed, refused, not_counted because Redis was away",
    ["limit", "result"],
)

tiles_made = Counter(
    "crimemaps_tiles_made_total", "Vector tiles that were not in memory: filled, empty", ["dataset", "result"]
)

http_requests = Counter("crimemaps_http_requests_total", "Requests answered", ["route", "status"])
http_seconds = Histogram(
    "crimemaps_http_seconds", "Time to answer a request", ["route"], buckets=ANSWER_SECONDS
)
