"""Run a command and print the seconds it took and the most memory that it held, all its processes together.

A process begins with the peak of the one it was forked from. So a big process must not start what is measured: this
small script does, and imports nothing that is not needed for it. One process tells its peak itself, when it ends; of
several the sum is looked at every twentieth of a second.
"""

import json
import os
import resource
import subprocess
import sys
import time

PAGE = os.sysconf("SC_PAGE_SIZE")


def tree_memory(root):
    """Return the resident bytes of a process and all below it."""
    parents, sizes = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as stat, open(f"/proc/{name}/statm") as statm:
                    parents[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
                    sizes[int(name)] = int(statm.read().split()[1]) * PAGE
            except (OSError, ValueError, IndexError):
                continue

    def below(process):
        return process == root or process in parents and below(parents[process])

    return sum(size for process, size in sizes.items() if below(process))


if __name__ == "__main__":
    began, peak = time.perf_counter(), 0
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(0.05)
    seconds = time.perf_counter() - began
    peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
    print(json.dumps([seconds, peak]))
    sys.exit(process.returncode)
