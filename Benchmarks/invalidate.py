#!/usr/bin/env python3
"""Invalidating half of a server's keys, beside other ways to do the same, in turns on the same data.

    invalidate.py --bench PATH --peers FOLDER [--runs 5] [--quick] [--json] [--only NAME,…] [--runner PATH]

Each run has a server of its own with the same keys out of one dump, and beside it a client that sends a
GET each half millisecond. Times are from the start of the program to its end, all of it: connecting, the
journal with its fsync, the audit and the verification are in ours. Removed are half of all keys: 1,000,000
`search:*` of 2,000,000 with 100 bytes each; `--quick`: 200,000 of 400,000, once.

  time     s; median, and least to most
  ratio    how many times as long as ours (fast) in the same round: median, and least to most
  p99 max  ms that the other client's GET took; `idle p99`: in the second before, with nothing else going on
  slowlog  ms of the longest command in the server's slow log (from 2 ms on)
  cpu      s of the server, and of the client with its children
  steal    per cent of the machine's time that the hypervisor gave to others, at most
  others   per cent of the machine's time that its other programs took, at most: above 10 the times say little
"""
import argparse, array, json, os, pathlib, shlex, shutil, signal, statistics, subprocess, sys, tempfile, time

import redis

root = pathlib.Path(__file__).resolve().parent
PATTERN = "search:*"
HIT, KEPT = "search:results:page", "product:detail:view"
# Keys of one SCAN. The C loop has ours; redis-py has 1,000, as its users give it (with 2,000 it is up to 6 % faster).
COUNT, PYTHON_COUNT = "2000", "1000"
NAMES = ["fast", "C hiredis", "redis-py", "redis-cli", "gentle"]


def fail(text):
    sys.exit(f"invalidate: {text}")


class Server:
    """A redis-server of its own: one folder, one socket, no port; ended by its process id."""

    def __init__(self, data, *options):
        # A socket's path is short: not below the project.
        self.folder = tempfile.mkdtemp(prefix="cacheconsole-bench-")
        self.socket = f"{self.folder}/redis.sock"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", data, "--dbfilename", "keys.rdb",
             "--save", "", "--appendonly", "no", "--daemonize", "no", "--rdbcompression", "no",
             "--slowlog-log-slower-than", "2000", "--slowlog-max-len", "10000", *options],
            stdout=subprocess.DEVNULL)
        self.client = redis.Redis(unix_socket_path=self.socket)
        end = time.monotonic() + 120
        while True:
            try:
                if self.client.ping():
                    return
            except (redis.ConnectionError, redis.BusyLoadingError, FileNotFoundError):
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                fail("redis-server did not start")
            time.sleep(0.05)

    def cpu(self):
        info = self.client.info("cpu")
        return info["used_cpu_user"] + info["used_cpu_sys"]

    def end(self):
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def ticks():
    """(stolen, busy, all) ticks of all processors since the machine's start."""
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:]]
    return fields[7], sum(fields[:8]) - fields[3] - fields[4] - fields[7], sum(fields[:8])


def used(pid):
    """Seconds of processor time of a process."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))] if sorted_values else float("nan")


class Bench:
    def __init__(self, options):
        self.options = options
        self.keys = 200_000 if options.quick else 1_000_000
        # On a disk: in memory the journal's fsync would cost nothing.
        self.folder = tempfile.mkdtemp(prefix="run-", dir=options.scratch)
        self.runner = options.runner or options.bench

    def fill(self):
        server = Server(self.folder, "--enable-debug-command", "local")
        for prefix in HIT, KEPT:
            server.client.execute_command("DEBUG", "POPULATE", self.keys, prefix, 100)
        if server.client.dbsize() != 2 * self.keys:
            fail("DEBUG POPULATE made another number of keys")
        server.client.save()
        server.end()

    def command(self, name, server):
        """A program, and what it gets on its standard input."""
        peers, quoted = self.options.peers, shlex.quote(server.socket)
        if name in ("fast", "gentle"):
            ticket = subprocess.run(
                [self.options.bench, "ticket", server.socket, f"{self.folder}/state", PATTERN, str(self.keys), name],
                check=True, capture_output=True).stdout
            return [self.runner, "operation-runner"], ticket
        if name == "C hiredis":
            return [f"{peers}/hiredis_invalidate", server.socket, PATTERN, COUNT], b""
        if name == "redis-py":
            return [sys.executable, str(root / "peers/redis_py_invalidate.py"), server.socket, PATTERN, PYTHON_COUNT], b""
        return ["bash", "-o", "pipefail", "-c",
                f"redis-cli -s {quoted} --scan --pattern '{PATTERN}' | xargs -d '\\n' -n 1000 redis-cli -s {quoted} unlink"], b""

    def run(self, name):
        server = Server(self.folder)
        samples = f"{self.folder}/pings"
        pinger = subprocess.Popen([f"{self.options.peers}/pinger", server.socket, f"{KEPT}:1", samples])
        try:
            command, given = self.command(name, server)
            # What the pinger meets on a server that has nothing else to do.
            time.sleep(1.5)
            server.client.slowlog_reset()
            cpu, pings, before = server.cpu(), used(pinger.pid), ticks()
            with open(f"{self.folder}/ticket", "wb") as file:
                file.write(given)
            with open(f"{self.folder}/ticket", "rb") as ticket, open(f"{self.folder}/output", "w+b") as output:
                began = time.monotonic_ns()
                process = subprocess.Popen(command, stdin=ticket, stdout=output, stderr=output)
                _, status, usage = os.wait4(process.pid, 0)
                ended = time.monotonic_ns()
                process.returncode = os.waitstatus_to_exitcode(status)
                cpu, pings, after = server.cpu() - cpu, used(pinger.pid) - pings, ticks()
                if process.returncode != 0:
                    output.seek(0)
                    fail(f"{name} ended with {process.returncode}: {output.read()[-2000:].decode(errors='replace')}")
            slow = max(server.client.slowlog_get(-1), key=lambda entry: entry["duration"], default=None)
            pinger.send_signal(signal.SIGTERM)
            if pinger.wait(30) != 0:
                fail("the pinger failed")
            self.check(name, server)
        finally:
            if pinger.poll() is None:
                pinger.kill()
                pinger.wait()
            server.end()
        pairs = array.array("q", pathlib.Path(samples).read_bytes())
        idle = sorted(t for at, t in zip(pairs[::2], pairs[1::2]) if began - 1_200_000_000 < at < began - 100_000_000)
        busy = sorted(t for at, t in zip(pairs[::2], pairs[1::2]) if began <= at < ended)
        client = usage.ru_utime + usage.ru_stime
        stolen, worked, every = (now - then for now, then in zip(after, before))
        others = max(0, worked / os.sysconf("SC_CLK_TCK") - cpu - client - pings)
        return {
            "name": name, "seconds": (ended - began) / 1e9, "p50": percentile(busy, 0.5) / 1e6,
            "p99": percentile(busy, 0.99) / 1e6, "p999": percentile(busy, 0.999) / 1e6, "max": busy[-1] / 1e6,
            "idle_p99": percentile(idle, 0.99) / 1e6, "pings": len(busy),
            "slowlog": slow["duration"] / 1000 if slow else 0,
            "slowest": slow["command"].split(b" ")[0].decode(errors="replace") if slow else "",
            "server_cpu": cpu, "client_cpu": client,
            "steal": 100 * stolen / max(1, every), "others": 100 * others * os.sysconf("SC_CLK_TCK") / max(1, every)}

    def check(self, name, server):
        """Everything of the pattern is gone and nothing else."""
        left = [sum(1 for _ in server.client.scan_iter(match=f"{prefix}:*", count=10_000)) for prefix in (HIT, KEPT)]
        if left != [0, self.keys]:
            fail(f"{name} left {left[0]} keys of the pattern and {left[1]} of {self.keys} others")

    def all(self):
        names = [name for name in NAMES if not self.options.only or name in self.options.only.split(",")]
        if not names:
            fail(f"--only knows {', '.join(NAMES)}")
        try:
            self.fill()
            rounds = []
            for number in range(self.options.runs):
                results = {}
                for name in names:
                    print(f"invalidate: round {number + 1} of {self.options.runs}: {name}", file=sys.stderr)
                    results[name] = self.run(name)
                rounds.append(results)
            return names, rounds
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(rounds, name):
    return [results[name]["seconds"] / results["fast"]["seconds"] for results in rounds]


def budgets(names, rounds):
    """(what, value, bound, unit, holds): ratios are at least their bound, all others at most."""
    found = []
    if "fast" in names:
        for name, bound in ("redis-cli", 3.5), ("redis-py", 1.15), ("C hiredis", 0.9):
            if name in names:
                value = statistics.median(ratios(rounds, name))
                found.append((f"fast against {name}", value, bound, "×", value >= bound))
        value = max(results["fast"]["slowlog"] for results in rounds)
        found.append(("fast: longest slow-log entry", value, 10, "ms", value <= 10))
    if "gentle" in names:
        value = statistics.median(results["gentle"]["p99"] for results in rounds)
        found.append(("gentle: another client's p99", value, 3, "ms", value <= 3))
        value = max(results["gentle"]["slowlog"] for results in rounds)
        found.append(("gentle: longest slow-log entry", value, 5, "ms", value <= 5))
    return found


def table(names, rounds):
    heads = ["", "time", "ratio", "p50", "p99", "p99.9", "max", "idle p99", "slowlog", "cpu server", "cpu client", "steal %", "others %"]
    rows = [heads]
    for name in names:
        runs = [results[name] for results in rounds]
        each = lambda field: [run[field] for run in runs]
        slowest = max(runs, key=lambda run: run["slowlog"])
        rows.append([
            name, spread(each("seconds"), 2), spread(ratios(rounds, name), 2) if "fast" in names else "-",
            f"{statistics.median(each('p50')):.2f}", spread(each("p99"), 2), f"{statistics.median(each('p999')):.1f}",
            f"{max(each('max')):.1f}", f"{statistics.median(each('idle_p99')):.2f}",
            f"{slowest['slowlog']:.1f} {slowest['slowest']}" if slowest["slowlog"] else "< 2",
            f"{statistics.median(each('server_cpu')):.2f}", f"{statistics.median(each('client_cpu')):.2f}",
            f"{max(each('steal')):.1f}", f"{max(each('others')):.0f}"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--bench", required=True, help="InvalidateBench")
parser.add_argument("--peers", required=True, help="the folder of the peers written in C")
parser.add_argument("--scratch", required=True, help="a folder on a disk")
parser.add_argument("--runner", help="another binary with `operation-runner`: the console itself")
parser.add_argument("--runs", type=int)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--json", action="store_true")
parser.add_argument("--only", help=", ".join(NAMES))
options = parser.parse_args()
options.runs = max(1, options.runs or (1 if options.quick else 5))
bench = Bench(options)
names, rounds = bench.all()
if options.json:
    for number, results in enumerate(rounds):
        for result in results.values():
            print(json.dumps({"bench": "invalidate", "round": number + 1, "keys": bench.keys, **result}))
    for what, value, bound, unit, holds in budgets(names, rounds):
        print(json.dumps({"bench": "invalidate", "budget": what, "value": round(value, 3), "bound": bound, "unit": unit,
                          "holds": holds}))
else:
    print(f"{bench.keys:,} of {2 * bench.keys:,} keys, {options.runs} round(s); time and cpu in s, p50 to slowlog in ms")
    table(names, rounds)
    print()
    for what, value, bound, unit, holds in budgets(names, rounds):
        sign = "≥" if unit == "×" else "≤"
        print(f"{'PASS ' if holds else 'BELOW'}  {what}: {value:.2f} {unit} ({sign} {bound} {unit})")
