"""Every mapped record of the house, imported together so that `Base.metadata` is whole: migrations, backup, export."""

from temthat_stamps import tables as stamps_tables
from temthat_trace import tables as trace_tables
from temthat_trace.database import Base
from temthat_verify_api import accounts, pin_records
from temthat_verify_api.alerts import records as alert_records
from temthat_verify_api.epcis import tables as epcis_tables
from temthat_verify_api.nightly import records as nightly_records
from temthat_verify_api.reports import records as report_records

metadata = Base.metadata
"""All tables of trace, stamps and the service."""

__all__ = [
    "accounts",
    "alert_records",
    "epcis_tables",
    "metadata",
    "nightly_records",
    "pin_records",
    "report_records",
    "stamps_tables",
    "trace_tables",
]
