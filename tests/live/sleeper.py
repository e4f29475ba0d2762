"""A process that says it is ready and then does nothing."""

import signal
import sys

sys.stdout.write('{"at": 0, "source": "sleeper", "event": "ready", "detail": {}}\n')
sys.stdout.flush()
signal.pause()
