"""Synthetic portals for the conformance suite: invented services, one per shipped profile that has one.

No real data; the addresses end in a name that can never exist.
"""

from __future__ import annotations

import json
from typing import Any

from syncd.sdk.connector import SyntheticAnswer, SyntheticPortal

JSON, XML = "application/json", "application/xml"
_PAGE = "/services?full=true&page={}&per_page=100"
_PRODUCTS = (
    "/sru/Search?maximumRecords=50&operation=searchRetrieve&query=all&startRecord={}"
    "&version=1.2&x-connection=sc"
)


def _service(number: int, **more: object) -> dict[str, Any]:
    return {
        "id": f"s-{number}",
        "name": f"Muster {number}",
        "description": f"<p>Synthetisch &amp; erfunden {number}</p>",
        "url": f"https://synthetic.invalid/{number}",
        "status": "active",
        "last_modified": f"2026-01-0{number}T10:00:00.123Z",
        "organization": {"id": "o-1", "name": "Musteramt"},
        **more,
    }


def _page(services: list[dict[str, Any]], number: int, pages: int, total: int) -> bytes:
    body = {
        "total_items": total,
        "total_pages": pages,
        "page_number": number,
        "size": len(services),
        "first_page": number == 1,
        "last_page": number == pages,
        "empty": not services,
        "contents": services,
    }
    return json.dumps(body, ensure_ascii=False).encode()


def synthetic_portal() -> SyntheticPortal:
    """Return an Open Referral UK feed of two pages with three services."""
    first, second = [_service(1), _service(2)], [_service(3)]
    return SyntheticPortal(
        answers={
            _PAGE.format(1): SyntheticAnswer(_page(first, 1, 2, 3), JSON),
            _PAGE.format(2): SyntheticAnswer(_page(second, 2, 2, 3), JSON),
        },
        records=3,
        last_document=_PAGE.format(2),
        settings={"profile": "open_referral_uk"},
        unknown_field_document=(_PAGE.format(2), _page([_service(3, no_such_member="x")], 2, 2, 3)),
        shrunken_document=(_PAGE.format(1), _page(first, 1, 1, 2)),
    )


def _product(number: int, more: str = "") -> str:
    return (
        "<record><recordData><overheidproduct:scproduct"
        ' xmlns:overheidproduct="http://standaarden.overheid.nl/product/terms/"'
        ' xmlns:dcterms="http://purl.org/dc/terms/"><overheidproduct:meta><overheidproduct:owmskern>'
        f"<dcterms:identifier>https://synthetic.invalid/{number}</dcterms:identifier>"
        f"<dcterms:title><![CDATA[Muster & {number}]]></dcterms:title>"
        f"<dcterms:language>nl</dcterms:language><dcterms:modified>2026-01-0{number}</dcterms:modified>"
        "</overheidproduct:owmskern><overheidproduct:scmeta>"
        f"<overheidproduct:productID>{number}</overheidproduct:productID>{more}"
        "<overheidproduct:onlineAanvragen>digid</overheidproduct:onlineAanvragen>"
        "</overheidproduct:scmeta></overheidproduct:meta></overheidproduct:scproduct></recordData></record>"
    )


def _products(total: int, *products: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<searchRetrieveResponse xmlns="http://www.loc.gov/zing/srw/"><numberOfRecords>{total}'
        f"</numberOfRecords><records>{''.join(products)}</records></searchRetrieveResponse>"
    ).encode()


def synthetic_catalogue() -> SyntheticPortal:
    """Return an SRU catalogue whose server gives two products at most, whatever is asked for."""
    return SyntheticPortal(
        answers={
            _PRODUCTS.format(1): SyntheticAnswer(_products(3, _product(1), _product(2)), XML),
            _PRODUCTS.format(3): SyntheticAnswer(_products(3, _product(3)), XML),
        },
        records=3,
        last_document=_PRODUCTS.format(3),
        settings={"profile": "samenwerkende_catalogi", "parameters": {"query": "all"}},
        unknown_field_document=(
            _PRODUCTS.format(3),
            _products(3, _product(3, "<overheidproduct:neu>x</overheidproduct:neu>")),
        ),
        shrunken_document=(_PRODUCTS.format(1), _products(2, _product(1), _product(2))),
    )
