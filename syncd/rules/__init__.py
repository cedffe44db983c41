"""Pure decisions: normalise, accept, link, merge, assess. No async, clock, log, randomness or I/O."""
