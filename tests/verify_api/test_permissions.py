"""Who may do what, as a table: one line a case, so that a change of the rules is a change of this table."""

import uuid

import pytest

from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.permissions import Action, may, roles_in


def party(kind: PartyKind, province: str | None = "20", alliance: Party | None = None) -> Party:
    return Party(
        id=uuid.uuid4(),
        code=kind.value,
        kind=kind,
        name=kind.value,
        province=province,
        alliance_id=alliance.id if alliance else None,
    )


NATIONAL = party(PartyKind.NATIONAL_ALLIANCE, None)
PROVINCE = party(PartyKind.PROVINCIAL_ALLIANCE, "20", NATIONAL)
OTHER_PROVINCE = party(PartyKind.PROVINCIAL_ALLIANCE, "04", NATIONAL)
COOP = party(PartyKind.COOPERATIVE, "20", PROVINCE)
NEIGHBOUR = party(PartyKind.COOPERATIVE, "20", PROVINCE)
FAR_COOP = party(PartyKind.COOPERATIVE, "04", OTHER_PROVINCE)
AUTHORITY = party(PartyKind.GRANTING_AUTHORITY, "20")
MINISTRY = party(PartyKind.GRANTING_AUTHORITY, None)
INSPECTORS = party(PartyKind.INSPECTOR, "20")
SHOP = party(PartyKind.SHOP, "20")
OPERATOR = party(PartyKind.ENTERPRISE, "01")


def person(of: Party, role: Role) -> Person:
    return Person(id=uuid.uuid4(), party_id=of.id, party=of, role=role, phone="", name="")


CLERK_DOES = "see import order picture agree members reports alert"
ADMIN_DOES = "see import order picture agree members reports alert override pins invite"
ALLIANCE_DOES = "see import confirm_paper approve invite reset_password agree set_quota reports alert"
OFFICE_ITSELF = "see invite reset_password alert"
OPERATOR_DOES = "see invite reset_password"
ALLIANCE_ITSELF = "see import invite reset_password set_approvals reports alert"

TABLE = [
    # who, role, whose records, what may be done
    (COOP, Role.CLERK, COOP, CLERK_DOES),
    (COOP, Role.CLERK, NEIGHBOUR, ""),
    (COOP, Role.CLERK, PROVINCE, ""),
    (COOP, Role.ADMIN, COOP, ADMIN_DOES),
    (COOP, Role.ADMIN, NEIGHBOUR, ""),
    (COOP, Role.ADMIN, PROVINCE, ""),
    (PROVINCE, Role.OFFICER, COOP, ALLIANCE_DOES),
    (PROVINCE, Role.OFFICER, FAR_COOP, ""),
    (PROVINCE, Role.OFFICER, PROVINCE, ALLIANCE_ITSELF),
    (PROVINCE, Role.OFFICER, OTHER_PROVINCE, ""),
    (PROVINCE, Role.OFFICER, NATIONAL, ""),
    (NATIONAL, Role.OFFICER, COOP, ALLIANCE_DOES),
    (NATIONAL, Role.OFFICER, PROVINCE, ALLIANCE_DOES),
    (NATIONAL, Role.OFFICER, NATIONAL, ALLIANCE_ITSELF),
    (AUTHORITY, Role.OFFICER, COOP, "see confirm_paper approve alert"),
    (AUTHORITY, Role.OFFICER, AUTHORITY, OFFICE_ITSELF),
    (AUTHORITY, Role.OFFICER, FAR_COOP, ""),
    (AUTHORITY, Role.OFFICER, PROVINCE, ""),
    (MINISTRY, Role.OFFICER, FAR_COOP, "see confirm_paper approve alert"),
    (INSPECTORS, Role.INSPECTOR, COOP, "see reports alert"),
    (INSPECTORS, Role.INSPECTOR, PROVINCE, "see reports alert"),
    (OPERATOR, Role.OPERATOR, COOP, "see"),
    (OPERATOR, Role.OPERATOR, PROVINCE, OPERATOR_DOES),
    (OPERATOR, Role.OPERATOR, INSPECTORS, OPERATOR_DOES),
    (OPERATOR, Role.OPERATOR, OPERATOR, OPERATOR_DOES),
    # A role that does not belong to the kind of organisation gives nothing.
    (SHOP, Role.CLERK, SHOP, ""),
    (PROVINCE, Role.ADMIN, PROVINCE, ""),
    (COOP, Role.OFFICER, COOP, ""),
    (COOP, Role.OFFICER, NEIGHBOUR, ""),
]


@pytest.mark.parametrize(("who", "role", "whose", "allowed"), TABLE)
def test_what_each_role_may_do(who: Party, role: Role, whose: Party, allowed: str) -> None:
    """Exactly the actions of the table are allowed, every other one is refused."""
    actual = {action for action in Action if may(person(who, role), action, whose)}
    assert actual == {Action(word) for word in allowed.split()}


def test_only_a_producers_own_people_order_stamps() -> None:
    """Neither alliance nor operator nor inspector can order stamps in a cooperative's name."""
    for who in (NATIONAL, PROVINCE, AUTHORITY, INSPECTORS, OPERATOR, NEIGHBOUR):
        for role in Role:
            assert not may(person(who, role), Action.ORDER, COOP)


def test_roles_belong_to_kinds_of_organisation() -> None:
    """A cooperative has clerks and admins, an office officers, a shop nobody at the desk."""
    assert roles_in(PartyKind.COOPERATIVE) == (Role.CLERK, Role.ADMIN)
    assert roles_in(PartyKind.PROVINCIAL_ALLIANCE) == (Role.OFFICER,)
    assert roles_in(PartyKind.INSPECTOR) == (Role.INSPECTOR,)
    assert roles_in(PartyKind.SHOP) == ()
