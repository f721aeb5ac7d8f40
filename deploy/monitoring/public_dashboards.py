"""What the public and partners get: reports, gateway; the worst news first on each."""

from deploy.monitoring.panels import Dashboard, graph, number, quantile, rate, share

REPORTS = Dashboard(
    "reports",
    "Reports and partners",
    "Orders from the website and from partners, to the PDF.",
    (
        number(
            "Within 60 seconds",
            "Share of an hour's reports. The promise is 95 %.",
            share('crimemaps_report_seconds_bucket{le="60.0"}', "crimemaps_report_seconds_count"),
            "percentunit",
        ),
        number(
            "Rendered",
            "In an hour.",
            'sum(increase(crimemaps_reports_answered_total{answer="rendered"}[1h]))',
        ),
        number(
            "Failed", "In an hour.", 'sum(increase(crimemaps_reports_answered_total{answer="failed"}[1h]))'
        ),
        number(
            "Orders on the queue",
            "That no reporter has written down yet.",
            'sum(max by (durable) (crimemaps_queue_messages{durable=~"reporter-.+", state="waiting"}))',
        ),
        graph(
            "Answered",
            "A second.",
            (rate("crimemaps_reports_answered_total", "answer"), "{{answer}}"),
            unit="ops",
        ),
        graph(
            "From claim to answer",
            "The promise: 95 % within 60 seconds.",
            (quantile(0.5, "crimemaps_report_seconds"), "half"),
            (quantile(0.95, "crimemaps_report_seconds"), "95 %"),
            unit="s",
            limit=60,
        ),
        graph(
            "Ordered at the gateway",
            "Requests a second, by answer.",
            (rate("crimemaps_http_requests_total", "status", 'route="/api/v1/reports"'), "{{status}}"),
            unit="reqps",
        ),
        graph(
            "Maps with the operator's tiles",
            "Reports a second, by what lies under their maps.",
            (rate("crimemaps_report_basemaps_total", "result"), "{{result}}"),
            unit="ops",
        ),
        graph(
            "Orders refused by the limit",
            "A second.",
            (rate("crimemaps_limit_decisions_total", "result", 'limit="reports"'), "{{result}}"),
            unit="ops",
        ),
    ),
)

READS = 'route=~"/api/v1/.+|/tiles/.+", route!~".+[.](csv|geojson)|/api/v1/(reports|downloads).*"'
GATEWAY = Dashboard(
    "gateway",
    "Gateway",
    "The website and the API.",
    (
        number(
            "Reads within 300 ms",
            "Share of an hour's reads. The promise is 99.9 %.",
            share(
                f'crimemaps_http_seconds_bucket{{le="0.3", {READS}}}',
                f"crimemaps_http_seconds_count{{{READS}}}",
            ),
            "percentunit",
        ),
        number("Requests a second", "", "sum(rate(crimemaps_http_requests_total[5m]))", "reqps"),
        number(
            "Errors",
            "Share of an hour's answers with 5xx.",
            share('crimemaps_http_requests_total{status=~"5.."}', "crimemaps_http_requests_total"),
            "percentunit",
            0.001,
        ),
        number(
            "Answers from memory",
            "Share of an hour's lookups.",
            share('crimemaps_cache_lookups_total{result=~"hit|shared"}', "crimemaps_cache_lookups_total"),
            "percentunit",
        ),
        graph(
            "Requests by route",
            "The ten that are asked most, a second.",
            (f"topk(10, {rate('crimemaps_http_requests_total', 'route')})", "{{route}}"),
            unit="reqps",
        ),
        graph(
            "Answers by status",
            "A second.",
            (rate("crimemaps_http_requests_total", "status"), "{{status}}"),
            unit="reqps",
        ),
        graph(
            "Time of reads",
            "Without files and streams.",
            (quantile(0.5, "crimemaps_http_seconds", where=READS), "half"),
            (quantile(0.95, "crimemaps_http_seconds", where=READS), "95 %"),
            (quantile(0.999, "crimemaps_http_seconds", where=READS), "99.9 %"),
            unit="s",
            limit=0.3,
        ),
        graph(
            "Slowest routes",
            "95 % are faster; the ten slowest.",
            (f"topk(10, {quantile(0.95, 'crimemaps_http_seconds', 'route')})", "{{route}}"),
            unit="s",
        ),
        graph(
            "Cache",
            "Lookups a second; errors: Redis is away, and answers are worked out anew.",
            (rate("crimemaps_cache_lookups_total", "result"), "{{result}}"),
            unit="ops",
        ),
        graph(
            "Limits",
            "Requests a second; not counted: Redis is away, and nobody is limited.",
            (rate("crimemaps_limit_decisions_total", "limit, result"), "{{limit}} {{result}}"),
            unit="ops",
        ),
        graph(
            "Vector tiles made",
            "A second: those that were not in memory.",
            (rate("crimemaps_tiles_made_total", "dataset, result"), "{{dataset}} {{result}}"),
            unit="ops",
        ),
    ),
)
