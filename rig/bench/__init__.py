"""The bench as every case sees it: devices by name, a log of stamped events, and the fax service. One facade, two worlds."""

from rig.bench.facade import Bench, ExpectationError, FaxJob, ServiceClient
from rig.bench.log import EventLog

__all__ = ["Bench", "EventLog", "ExpectationError", "FaxJob", "ServiceClient"]
