"""The composition root: the only place that wires the rooms together. It must not decide anything itself."""

from syncd.bootstrap.application import Application, build_application, this_user

__all__ = ["Application", "build_application", "this_user"]
