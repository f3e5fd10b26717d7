"""Run a command and print the seconds it took and the most memory that it, or a child of it, held.

A process begins with the peak of the one it was forked from. So a big process must not start what is measured: this
small script does, and imports nothing that is not needed for it.
"""

import json
import resource
import subprocess
import sys
import time

if __name__ == "__main__":
    began = time.perf_counter()
    code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
    seconds = time.perf_counter() - began
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024]))
    sys.exit(code)
