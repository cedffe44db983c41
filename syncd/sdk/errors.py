"""The errors a connector may raise; anything else that escapes is a defect of the connector."""

from syncd.errors import ConfigError, SourceFormatError, SourceRejectedUs, SourceUnavailable

__all__ = ["ConfigError", "SourceFormatError", "SourceRejectedUs", "SourceUnavailable"]
