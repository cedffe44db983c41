"""Parent keys: for which services they speak, and what they say is worth."""

from __future__ import annotations

from dataclasses import replace

from syncd.model.area import AreaKey
from syncd.model.evidence import ChannelKind, Evidence
from syncd.model.linkage import LinkMethod
from syncd.model.service import Service, ServiceKey, ServiceStatus
from syncd.rules.hierarchy import speaking_parents, with_children
from syncd.rules.link import without_coarse
from syncd.rules.merge import COARSE, merge
from syncd.rules.precedence import Precedence
from tests.support.miniature import channel, claim

OBJECT, ACT, DETAIL, OLD = "99036004000000", "99036004012000", "99036004012001", "99036004012002"
SERVICES = {key: Service(ServiceKey(key), key, "synthetic") for key in (OBJECT, ACT, DETAIL, OLD)}
SERVICES[OLD] = replace(SERVICES[OLD], status=ServiceStatus.RETIRED)


def test_a_parent_speaks_for_what_is_in_use_below_it() -> None:
    assert speaking_parents(SERVICES, [*SERVICES, "99999999999999", "local:a:b"]) == {
        ACT: (OBJECT,),
        DETAIL: (ACT, OBJECT),
    }
    assert with_children(SERVICES, [OBJECT]) == (OBJECT, ACT, DETAIL)
    assert with_children(SERVICES, [ACT, "local:a:b"]) == (ACT, DETAIL, "local:a:b")
    assert with_children(SERVICES, [DETAIL]) == (DETAIL,)


def test_coarse_claims_are_heard_only_where_nobody_speaks_of_the_service() -> None:
    form = channel(ChannelKind.FORM, "a")
    exact = claim("s", "1", ACT, "06411", form)
    coarse = [
        claim("t", "2", ACT, area, form, linked_by=LinkMethod.HIERARCHY.value) for area in ("06411", "06431")
    ]
    assert without_coarse([exact, *coarse]) == (exact, coarse[1])
    assert without_coarse([exact]) == (exact,)


def test_what_a_parent_says_is_a_description_and_no_conflict() -> None:
    online = channel(ChannelKind.ONLINE_SERVICE, "a")
    said = [
        claim(source, "1", ACT, "06411", online, authority=name, linked_by=LinkMethod.HIERARCHY.value)
        for source, name in (("s", "Kreis Aue"), ("t", "Kreis Berg"))
    ]
    (entry,) = merge(said, Precedence())
    assert entry.is_coarse
    assert entry.evidence is Evidence.DESCRIPTION
    assert {graded.rule for graded, _ in entry.channels} == {COARSE}
    assert entry.conflicts == ()
    assert not entry.link_dead
    assert entry.area == AreaKey("06411")
