"""All of trace's mapped records, imported together so that `Base.metadata` is whole."""

from temthat_trace.approvals.records import ApprovalRule, Proposal
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.database import Base
from temthat_trace.drafts import StepDraft
from temthat_trace.epcis.tables import CaptureJob, EpcisContext, EpcisEvent, EpcisTerm
from temthat_trace.epcis.values import EpcisValue
from temthat_trace.events import Event, EventLine, EventPhoto
from temthat_trace.offers import ProductPhoto, SellerLink
from temthat_trace.papers import Attachment, Paper, PaperConfirmation
from temthat_trace.parties import Consent, Member, Party, Plot
from temthat_trace.privacy.records import PersonalLook, PersonalRequest
from temthat_trace.products import PackComponent, PackForm, Product
from temthat_trace.purchases import PurchaseSlip

__all__ = [
    "ApprovalRule",
    "Attachment",
    "Base",
    "Batch",
    "BatchSource",
    "CaptureJob",
    "Consent",
    "EpcisContext",
    "EpcisEvent",
    "EpcisTerm",
    "EpcisValue",
    "Event",
    "EventLine",
    "EventPhoto",
    "Member",
    "PackComponent",
    "PackForm",
    "Paper",
    "PaperConfirmation",
    "Party",
    "PersonalLook",
    "PersonalRequest",
    "Plot",
    "Product",
    "ProductPhoto",
    "Proposal",
    "PurchaseSlip",
    "SellerLink",
    "StepDraft",
]
