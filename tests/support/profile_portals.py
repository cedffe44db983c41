"""The simulated portals by profile, and the settings of a source that reads each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.profile_portal import REGION, REGION_AGS, Portal
from tests.support.profile_portals_abroad import GovUk, Ldes, Oruk, Sru
from tests.support.profile_portals_german import Bayern, Dldb, Munich, OParl, SchemaOrg, ServiceBw, Spring

SETTINGS: dict[str, dict[str, Any]] = {
    "service_bw": {"regions": [REGION], "secret": "env:PROFILE_SECRET", "parameters": {"mandant": "17"}},
    "bayernportal": {"regions": [REGION_AGS], "username": "env:PROFILE_USER", "secret": "env:PROFILE_SECRET"},
    "dated_json": {},
    "spring_page": {"regions": [REGION]},
    "samenwerkende_catalogi": {"parameters": {"query": 'authority="\'s-Musterstadt"'}},
    "ldes": {"secret": "env:PROFILE_SECRET"},
    "open_referral_uk": {},
    "oparl_list": {},
    "schema_org": {"parameters": {"index": "a-z"}},
    "link_list_govuk": {"parameters": {"file": "links.csv"}},
    "dldb": {"parameters": {"area": REGION}},
}
PORTALS: dict[str, Callable[..., Portal]] = {
    one.profile: one
    for one in (ServiceBw, Bayern, Munich, Spring, Sru, Ldes, Oruk, OParl, SchemaOrg, GovUk, Dldb)
}
