"""The only door for connectors.

A connector folder imports from these modules and from nowhere else in syncd:

- :mod:`syncd.sdk.records` – what a connector produces (records, channels, issues),
- :mod:`syncd.sdk.parsing` – bytes → records, run in a worker process,
- :mod:`syncd.sdk.connector` – paging through a portal, run on the event loop,
- :mod:`syncd.sdk.settings` – base of a connector's own settings,
- :mod:`syncd.sdk.errors` – the only errors that may leave a connector,
- :mod:`syncd.sdk.text` – strict reading of bytes, JSON, CSV, dates and links,
- :mod:`syncd.sdk.xlsx` – rows of a sheet of an XLSX workbook, in bounded memory,
- :mod:`syncd.sdk.conformance` – the suite every registered connector passes.

The modules are imported one by one, so that a parse worker does not pay for pydantic.
"""

SDK_VERSION = 1
