"""Peak anonymous memory above idle, and the server's slow log, of three walks over millions of keys.

Half of the keys are user:N:cart, of five types, so that there are as many prefixes as keys and most of
them have to be folded; the rest are strings in a handful of groups. Exits 1 if a limit is broken.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

LIMIT_KIB = 64 * 1024
SLOW_MICROSECONDS = 10_000
FILL = """
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local key, kind = 'user:' .. i .. ':cart', i % 10
  if kind == 0 then redis.call('HSET', key, 'id', i, 'total', 12)
  elseif kind == 1 then redis.call('RPUSH', key, 'a', 'b')
  elseif kind == 2 then redis.call('SADD', key, i, 'x')
  elseif kind == 3 then redis.call('ZADD', key, 1, 'a', 2, 'b')
  else redis.call('SET', key, 'xxxxxxxx') end
  redis.call('EXPIRE', key, 3600 + i % 3000000)
end
"""


class Server:
    def __init__(self, folder):
        self.socket = os.path.join(folder, "s")
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
             "--dir", folder, "--enable-debug-command", "local",
             "--slowlog-log-slower-than", str(SLOW_MICROSECONDS)],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not os.path.exists(self.socket):
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit("keyspace: redis-server does not start")
            time.sleep(0.02)

    def ask(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *map(str, words)], capture_output=True, text=True)
        if done.returncode or done.stdout.startswith(("ERR", "NOSCRIPT")):
            sys.exit(f"keyspace: {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def fill(self, keys):
        groups = ["product", "search:result", "page:category", "order:history", "config"]
        half = keys // 2
        for group in groups:
            self.ask("DEBUG", "POPULATE", half // len(groups), group, 16)
        digest = self.ask("SCRIPT", "LOAD", FILL)
        first, rest = 0, keys - int(self.ask("DBSIZE"))
        with subprocess.Popen(["redis-cli", "-s", self.socket], stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, text=True) as pipe:
            while first < rest:
                last = min(first + 20_000, rest)
                pipe.stdin.write(f"EVALSHA {digest} 0 {first} {last - 1}\n")
                first = last
            pipe.stdin.close()
        for index in range(30):
            self.ask("SETRANGE", f"blob:{index}", 200_000 + 1_000 * index, "x")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", required=True)
    parser.add_argument("--keys", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rate", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="keyspace-")
    server = Server(folder)
    rows, passed = [], True
    try:
        server.fill(options.keys)
        size = int(server.ask("DBSIZE"))
        # About 9,000 matches: as many as the screen lists, and every key has to be visited.
        pattern = "*[1-9]" + "7" * (len(str(options.keys)) - 5) + ":c*"
        for mode in ["search", "big", "prefixes"]:
            runs = []
            for _ in range(options.runs):
                server.ask("SLOWLOG", "RESET")
                done = subprocess.run([options.bench, mode, server.socket, str(options.rate), pattern],
                                      capture_output=True, text=True)
                words = done.stdout.split()
                if done.returncode or len(words) != 4 or not words[2].isdigit():
                    sys.exit(f"keyspace: {mode}: {done.stdout}{done.stderr}")
                runs.append({"above_idle_kib": int(words[1]) - int(words[0]), "idle_kib": int(words[0]),
                             "keys": int(words[2]), "milliseconds": int(words[3]),
                             "slow": int(server.ask("SLOWLOG", "LEN"))})
            row = {"walk": mode, "server_keys": size, "runs": runs}
            for name in ["above_idle_kib", "milliseconds", "slow"]:
                row[name] = statistics.median(run[name] for run in runs)
            row["passed"] = row["above_idle_kib"] <= LIMIT_KIB and row["slow"] == 0
            passed = passed and row["passed"]
            rows.append(row)
    finally:
        server.process.terminate()
        server.process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps({"schema": "cacheconsole.bench.keyspace", "version": 1, "rows": rows}))
    else:
        print(f"{size:,} keys, median of {options.runs}; limit {LIMIT_KIB // 1024} MB above idle, slow log empty at "
              f"{SLOW_MICROSECONDS // 1000} ms")
        for row in rows:
            print(f"  {row['walk']:<9} {row['above_idle_kib'] / 1024:6.1f} MB above idle  "
                  f"{row['milliseconds'] / 1000:7.1f} s  {row['slow']:g} slow  "
                  f"({', '.join(format(run['above_idle_kib'] / 1024, '.1f') for run in row['runs'])} MB)"
                  f"  {'ok' if row['passed'] else 'FAILED'}")
    sys.exit(0 if passed else 1)


main()
