SELECT id FROM run WHERE state = 'fetching'
