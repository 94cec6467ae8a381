#!/usr/bin/env python3
"""What the console costs the person at the other end of an SSH line, beside htop in the same run.

    screen.py [--json] [--seconds 20] -- CONSOLE [ARGUMENT ...]

Runs each program on a pseudo-terminal of 120x40 and measures, per program:
  first_paint      ms from exec to the end of the first burst of output
  refresh          bytes of a burst while no key is pressed (median)
  cursor_key       bytes after one cursor key (median), with what a refresh adds by chance
  key_p50, key_p99 ms from the key to the first byte of the answer
  cpu              per cent of one core, process only, after the first five seconds
  rss, anonymous   MB resident, and of that private to the process
A burst is output with no gap longer than 0.25 s.
"""
import argparse, fcntl, json, os, pty, select, shutil, signal, statistics, struct, sys, termios, time


class Program:
    def __init__(self, command):
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
            os.execvpe(command[0], command, dict(os.environ, TERM="screen-256color", LC_ALL="C.UTF-8"))

    def read(self, seconds):
        """[(time since start, bytes)] for that long."""
        chunks, end = [], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                try:
                    data = os.read(self.fd, 1 << 16)
                except OSError:
                    data = b""
                if not data:
                    sys.exit("screen: the program ended")
                chunks.append((time.monotonic() - self.started, len(data)))
        return chunks

    def cpu(self):
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, field):
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        for _ in range(50):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            select.select([self.fd], [], [], 0.1)
            try:
                os.read(self.fd, 1 << 16)
            except OSError:
                pass
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def bursts(chunks):
    found = []
    for at, size in chunks:
        if found and at - found[-1][1] < 0.25:
            found[-1] = (found[-1][0], at, found[-1][2] + size)
        else:
            found.append((at, at, size))
    return found


def first_paint(command):
    times = []
    for _ in range(7):
        program = Program(command)
        times.append(bursts(program.read(1.0))[0][1] * 1000)
        program.end()
    return statistics.median(times)


def measure(command, seconds):
    result = {"first_paint": (first_paint(command), "ms")}
    program = Program(command)
    program.read(8)
    began, used = time.monotonic(), program.cpu()
    sizes = [size for _, _, size in bursts(program.read(seconds))]
    result["cpu"] = (100 * (program.cpu() - used) / (time.monotonic() - began), "%")
    result["refresh"] = (statistics.median(sizes) if sizes else 0, "bytes")
    result["refresh_max"] = (max(sizes, default=0), "bytes")
    latency, spent = [], []
    for index in range(60):
        pressed = time.monotonic()
        os.write(program.fd, b"\x1bOB" if index % 8 < 6 else b"\x1bOA")
        got = program.read(0.15)
        spent.append(sum(size for _, size in got))
        if got:
            latency.append((got[0][0] + program.started - pressed) * 1000)
    result["cursor_key"] = (statistics.median(spent), "bytes")
    if latency:
        latency.sort()
        result["key_p50"] = (latency[len(latency) // 2], "ms")
        result["key_p99"] = (latency[int(len(latency) * 0.99)], "ms")
    result["rss"] = (program.memory("VmRSS"), "MB")
    result["anonymous"] = (program.memory("RssAnon"), "MB")
    program.end()
    return result


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--json", action="store_true")
parser.add_argument("--seconds", type=float, default=20)
parser.add_argument("command", nargs="+")
options = parser.parse_args()
ours = measure(options.command, options.seconds)
peer = measure(["htop", "-d", "20"], options.seconds) if shutil.which("htop") else {}
if not options.json:
    print(f"{'case':14}{'value':>10} {'unit':6}{'htop':>10}{'ratio':>8}")
for case, (value, unit) in ours.items():
    other = peer.get(case, (None, None))[0]
    ratio = value / other if other else None
    if options.json:
        print(json.dumps({"bench": "screen", "case": case, "value": round(value, 3), "unit": unit, "peer": "htop" if peer else None,
                          "peer_value": other and round(other, 3), "ratio": ratio and round(ratio, 3)}))
    else:
        print(f"{case:14}{value:>10.2f} {unit:6}{'-' if other is None else f'{other:.2f}':>10}{'-' if ratio is None else f'{ratio:.2f}':>8}")
