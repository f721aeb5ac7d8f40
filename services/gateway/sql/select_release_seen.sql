-- When the watcher first saw the source's newest release.
SELECT max(seen_at) FROM release
