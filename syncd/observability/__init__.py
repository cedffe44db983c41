"""What the daemon says about itself: log lines and metrics. It must not know what the lines are about."""
