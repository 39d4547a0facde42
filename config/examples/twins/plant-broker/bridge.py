"""Says where it would read and write; a real bridge would connect here: ``bridge.py FILE``."""

import configparser
import signal
import sys

STOP = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # so that none is lost before it is waited for
settings = configparser.ConfigParser(interpolation=None)
settings.read(sys.argv[1])
plant, store = settings["plant"], settings["store"]
assert plant["password"], "the broker needs a password"
print(f"from {plant['username']}@{plant['host']}:{plant['port']} to bucket {store['bucket']}", flush=True)
signal.sigwait(STOP)
