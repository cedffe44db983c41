"""Reading XZuFi: one reader for every connector whose portal speaks it.

XZuFi is the XÖV standard by which German editorial systems exchange descriptions of services, authorities,
online services, forms and competences. Its objects refer to each other, so they meet in a ledger
(:mod:`syncd.sdk.ledger`): :func:`collect` puts in what one document says, :func:`compose` yields one piece
per description with everybody who is competent for it, :func:`parse` turns a piece into a record. A
connector's parser module is a few lines around these three.

No schema and no real document could be had: names follow working consumers and the FIM portal's typed model,
are compared without namespace, and every name that is not known is counted.
"""

from syncd.sdk.xzufi.collect import Header, collect
from syncd.sdk.xzufi.compose import compose
from syncd.sdk.xzufi.record import parse

__all__ = ["Header", "collect", "compose", "parse"]
