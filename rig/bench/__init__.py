"""The bench as every case sees it: devices by name, a log of stamped events, the fax service. Two worlds."""

from rig.bench.facade import Bench, ExpectationError, FaxJob, ServiceClient
from rig.bench.log import EventLog

__all__ = ["Bench", "EventLog", "ExpectationError", "FaxJob", "ServiceClient"]
