SELECT
    partner.name,
    partner.added_at,
    count(report.id) FILTER (WHERE report.state = 'queued') AS waiting,
    count(report.id) FILTER (WHERE report.state = 'rendered') AS rendered,
    count(report.id) FILTER (WHERE report.state = 'failed') AS failed
FROM partner LEFT JOIN report ON report.partner = partner.name
GROUP BY partner.name
ORDER BY partner.name
