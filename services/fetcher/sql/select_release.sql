SELECT max(newest_month) FROM release
