"""When sources run. The only room that knows APScheduler; it must not know what a run does."""
