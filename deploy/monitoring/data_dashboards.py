"""How the data come in: freshness, pipeline, police API; the worst news first on each."""

from deploy.monitoring.panels import Dashboard, graph, median_and_slowest, number, rate, share

FRESHNESS = Dashboard(
    "freshness",
    "Data freshness",
    "How old what the public sees is, and what the gate did with what came.",
    (
        number(
            "Newest month",
            "Time since the end of the newest loaded month. The source publishes about two months late.",
            "crimemaps_newest_month_age_seconds",
            "s",
            75 * 86400,
            "{{dataset}}",
        ),
        number(
            "Release waiting",
            "Time since a release was noticed whose newest month cannot be seen yet. The promise is 6 hours.",
            "crimemaps_release_waiting_seconds",
            "s",
            6 * 3600,
            "{{dataset}}",
        ),
        number(
            "Outcomes in no group",
            "Records of the newest rebuild whose outcome no mapping knows.",
            "max by (dataset) (crimemaps_unmapped_outcomes)",
            "short",
            1,
            "{{dataset}}",
        ),
        number(
            "Downloads missing",
            "Loaded months whose files are not made yet.",
            "max(crimemaps_downloads_missing)",
            "short",
            1,
        ),
        graph(
            "Release waiting",
            "The promise: data can be seen within 6 hours of publication.",
            ("crimemaps_release_waiting_seconds", "{{dataset}}"),
            unit="s",
            limit=6 * 3600,
        ),
        graph(
            "Months decided",
            "By the gate, an hour; rejected months leave the old ones visible.",
            (
                "sum by (dataset, verdict) (increase(crimemaps_gate_verdicts_total[1h]))",
                "{{dataset}} {{verdict}}",
            ),
        ),
        graph(
            "Records by fate",
            "Of months that were loaded, an hour: received is stored and all that is explained.",
            ("sum by (dataset, fate) (increase(crimemaps_records_total[1h]))", "{{dataset}} {{fate}}"),
        ),
        graph(
            "Words that no table has",
            "A day. The reference tables need them.",
            ("sum by (kind) (increase(crimemaps_unknown_labels_total[1d]))", "{{kind}}"),
            limit=1,
        ),
        graph(
            "Releases, rollbacks, comparisons",
            "A day.",
            ("sum(increase(crimemaps_releases_seen_total[1d]))", "releases noticed"),
            ("sum by (dataset) (increase(crimemaps_rollbacks_total[1d]))", "rolled back: {{dataset}}"),
            (
                "sum by (dataset) (increase(crimemaps_reconciliations_total[1d]))",
                "compared with an archive: {{dataset}}",
            ),
        ),
    ),
    span="7d",
)

PIPELINE = Dashboard(
    "pipeline",
    "Pipeline",
    "Messages from the order of a month to its maps.",
    (
        number(
            "Given up",
            "Dead letters that nobody has dealt with.",
            "max(crimemaps_dead_letters_held)",
            limit=1,
        ),
        number("Waiting", "Messages on all queues.", 'sum(crimemaps_queue_messages{state="waiting"})'),
        number(
            "In progress",
            "Messages that a handler has.",
            'sum(crimemaps_queue_messages{state="in_progress"})',
        ),
        number("Processes that answer", "Of all that Prometheus knows.", 'sum(up{job=~".*crimemaps.*"})'),
        graph(
            "Waiting by queue",
            "Kept level by enough replicas.",
            ('max by (durable) (crimemaps_queue_messages{state="waiting"})', "{{durable}}"),
        ),
        graph(
            "Handled",
            "Messages a second, by result; postponed ones come again.",
            (rate("crimemaps_messages_handled_total", "durable, result"), "{{durable}} {{result}}"),
            unit="ops",
        ),
        graph("Time in a handler", "", *median_and_slowest("crimemaps_handler_seconds", "durable"), unit="s"),
        graph(
            "Given up",
            "An hour, by queue; each has its reason: crimemaps dead list.",
            ("sum by (durable) (increase(crimemaps_dead_letters_total[1h]))", "{{durable}}"),
            limit=1,
        ),
        graph(
            "Pages",
            "Published by the fetcher, staged by the loader, a second.",
            (rate("crimemaps_pages_published_total", "dataset"), "{{dataset}} published"),
            (rate("crimemaps_pages_staged_total", "dataset, result"), "{{dataset}} {{result}}"),
            unit="ops",
        ),
        graph(
            "Building a month",
            "From its manifest to the pointer that readers follow.",
            *median_and_slowest("crimemaps_swap_seconds", "dataset"),
            unit="s",
        ),
        graph(
            "Rebuilding maps and cubes",
            "A month.",
            *median_and_slowest("crimemaps_rebuild_seconds", "dataset"),
            unit="s",
        ),
        graph(
            "Making the files of a month",
            "",
            *median_and_slowest("crimemaps_download_seconds", "dataset"),
            unit="s",
        ),
        graph(
            "Hexagons of the newest rebuild",
            "",
            ("max by (dataset, level) (crimemaps_cells)", "{{dataset}} {{level}} m"),
        ),
    ),
)

POLICE_API = Dashboard(
    "police-api",
    "Police API",
    "What is asked of data.police.uk, at most 15 times a second, and how it answers.",
    (
        number(
            "Requests a second",
            "Of all that was sent in five minutes. 15 is allowed.",
            "sum(rate(crimemaps_upstream_requests_total[5m]))",
            "reqps",
            15,
        ),
        number(
            "In flight", "Requests waiting for their answer; at most 8.", "max(crimemaps_upstream_in_flight)"
        ),
        number(
            "Paused",
            "1 while all requests wait because of a 429 or an outage.",
            "max(crimemaps_upstream_paused)",
            limit=1,
        ),
        number(
            "Failing",
            "Share of answers of 15 minutes that are neither 2xx nor 404.",
            share(
                'crimemaps_upstream_requests_total{status!~"2..|404"}',
                "crimemaps_upstream_requests_total",
                "15m",
            ),
            "percentunit",
            0.2,
        ),
        graph(
            "Requests",
            "A second, by route and status.",
            (rate("crimemaps_upstream_requests_total", "route, status"), "{{route}} {{status}}"),
            unit="reqps",
            limit=15,
        ),
        graph("Answer times", "", *median_and_slowest("crimemaps_upstream_seconds", "route"), unit="s"),
        graph(
            "Sent again",
            "A second, by reason.",
            (rate("crimemaps_upstream_retries_total", "reason"), "{{reason}}"),
            unit="ops",
        ),
        graph(
            "Paused",
            "Share of each half hour.",
            ("max(avg_over_time(crimemaps_upstream_paused[30m]))", "paused"),
            unit="percentunit",
            limit=0.5,
        ),
        graph(
            "Tiles cut in two",
            "An hour: they held too many records.",
            ("sum by (dataset) (increase(crimemaps_tile_splits_total[1h]))", "{{dataset}}"),
        ),
    ),
)
