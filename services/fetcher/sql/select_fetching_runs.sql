SELECT id FROM run WHERE state = 'fetching' AND source = 'api'
