"""What the gateway answers, one module a subject."""
