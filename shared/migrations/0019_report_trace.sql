-- The trace that an order came with, as W3C Trace Context writes it: whoever renders it goes on with that.
ALTER TABLE report ADD COLUMN traceparent text;
