SELECT EXISTS (SELECT FROM report WHERE state = 'queued' AND claimed_until < clock_timestamp())
