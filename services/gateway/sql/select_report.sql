-- An order by the id that its report shows.
SELECT
    partner,
    state,
    claimed_until > clock_timestamp() AS is_claimed,
    ordered_at,
    answered_at,
    answer,
    figures
FROM report
WHERE report_id = $1
