"""Run a command and print the most memory that all its processes held together, and the most files one had open.

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


def tree_usage(root):
    """Return the resident bytes of a process and all below it together, and the open files of the one with the most."""
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

    tree = [process for process in sizes if below(process)]
    return sum(sizes[process] for process in tree), max(map(open_files, tree), default=0)


def open_files(process):
    """Return how many files a process has open; 0 if it is gone."""
    try:
        return len(os.listdir(f"/proc/{process}/fd"))
    except OSError:
        return 0


if __name__ == "__main__":
    peak = files = 0
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            memory, opened = tree_usage(process.pid)
            peak, files = max(peak, memory), max(files, opened)
            time.sleep(0.05)
    peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
    print(json.dumps([peak, files]))
    sys.exit(process.returncode)
