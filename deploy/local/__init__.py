"""What `crimemaps demo`, `crimemaps up` and the tests start on one machine: servers and a sample source."""
