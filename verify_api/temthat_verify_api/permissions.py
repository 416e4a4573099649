"""Who may do what at the desk. Everything follows from the kind of organisation, the role in it, and whose data.

One pure function answers; nothing else in the desk decides. The table in tests/verify_api/test_permissions.py is the
same rules written out case by case.
"""

from enum import StrEnum

from temthat_trace.parties import CONFIRMERS, PRODUCERS, Party, PartyKind, looks_after
from temthat_verify_api.accounts import Person, Role


class Action(StrEnum):
    """What a person may want to do with the records of one organisation.

    `pins`: take lists of PINs, which whoever orders need not. `agree`: be the second person of a reprint. `members`:
    see and change what members agreed to have kept; only the members' own cooperative may. `approve`: decide on its
    changes. `set_approvals`: say whether changes wait. `reports`: read what shoppers reported, and answer it.
    `alert`: say what an alert of copied codes came to, and where one's own organisation is told of them.
    """

    SEE = "see"
    IMPORT = "import"
    ORDER = "order"
    OVERRIDE = "override"
    PINS = "pins"
    AGREE = "agree"
    SET_QUOTA = "set_quota"
    PICTURE = "picture"
    MEMBERS = "members"
    CONFIRM_PAPER = "confirm_paper"
    APPROVE = "approve"
    SET_APPROVALS = "set_approvals"
    REPORTS = "reports"
    ALERT = "alert"
    INVITE = "invite"
    RESET_PASSWORD = "reset_password"


ALLIANCES = frozenset({PartyKind.NATIONAL_ALLIANCE, PartyKind.PROVINCIAL_ALLIANCE})
_OFFICES = CONFIRMERS | {PartyKind.INSPECTOR}
_CLERKS = frozenset(
    {
        *(Action.SEE, Action.IMPORT, Action.ORDER, Action.PICTURE, Action.AGREE, Action.MEMBERS),
        *(Action.REPORTS, Action.ALERT),
    }
)
_ADMINS = _CLERKS | {Action.OVERRIDE, Action.PINS, Action.INVITE}
_OWN_OFFICE = frozenset({Action.SEE, Action.INVITE, Action.RESET_PASSWORD, Action.ALERT})
_OWN_ALLIANCE = _OWN_OFFICE | {
    Action.IMPORT,
    Action.SET_APPROVALS,
    Action.REPORTS,
}  # an alliance brings in workbooks for its members
_BELOW_ALLIANCE = frozenset(
    {
        Action.SEE,
        Action.IMPORT,
        Action.CONFIRM_PAPER,
        Action.APPROVE,
        Action.INVITE,
        Action.RESET_PASSWORD,
        Action.AGREE,
        Action.SET_QUOTA,
        Action.REPORTS,
        Action.ALERT,
    }
)
_BELOW_AUTHORITY = frozenset({Action.SEE, Action.CONFIRM_PAPER, Action.APPROVE, Action.ALERT})


def roles_in(kind: PartyKind) -> tuple[Role, ...]:
    """The roles people of such an organisation may have, the usual one first; empty if they have no desk."""
    if kind in PRODUCERS:
        return (Role.CLERK, Role.ADMIN)
    if kind in CONFIRMERS:
        return (Role.OFFICER,)
    return (Role.INSPECTOR,) if kind is PartyKind.INSPECTOR else ()


def may(person: Person, action: Action, party: Party) -> bool:
    """Whether this person may do this with the records (or the people) of that organisation."""
    return action in _allowed(person, party)


def may_answer_others(person: Person) -> bool:
    """Whether this person looks after reports of what is nobody's here: codes that were never issued, other stamps."""
    match person.role:
        case Role.INSPECTOR | Role.OPERATOR:
            return True
        case Role.OFFICER:
            return person.party.kind is PartyKind.NATIONAL_ALLIANCE
    return False


def _allowed(person: Person, party: Party) -> frozenset[Action]:
    own = person.party_id == party.id
    match person.role:
        case Role.CLERK | Role.ADMIN:
            if not own or party.kind not in PRODUCERS:
                return frozenset()
            return _ADMINS if person.role is Role.ADMIN else _CLERKS
        case Role.OFFICER:
            return _of_officer(person.party, party, own=own)
        case Role.INSPECTOR:
            return frozenset({Action.SEE, Action.REPORTS, Action.ALERT})
        case Role.OPERATOR:
            # The operator opens the offices' accounts; what producers and offices do stays theirs.
            people = {Action.INVITE, Action.RESET_PASSWORD} if own or party.kind in _OFFICES else set()
            return frozenset({Action.SEE, *people})


def _of_officer(office: Party, party: Party, *, own: bool) -> frozenset[Action]:
    if own:
        if office.kind in ALLIANCES:
            return _OWN_ALLIANCE
        return _OWN_OFFICE if office.kind in CONFIRMERS else frozenset()
    if not looks_after(office, party):
        return frozenset()
    return _BELOW_ALLIANCE if office.kind in ALLIANCES else _BELOW_AUTHORITY
