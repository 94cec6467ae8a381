"""The peer of InvalidateBench in Python: redis-py with hiredis as its parser.

    redis_py_invalidate.py SOCKET PATTERN COUNT

UNLINK of a page and SCAN of the next leave in one pipeline. Prints the keys removed.
"""
import sys

import redis

client = redis.Redis(unix_socket_path=sys.argv[1])
pattern, count = sys.argv[2], int(sys.argv[3])
removed = 0
cursor, keys = client.scan(0, match=pattern, count=count)
while True:
    pipe = client.pipeline(transaction=False)
    if keys:
        pipe.unlink(*keys)
    is_last = cursor == 0
    if not is_last:
        pipe.scan(cursor, match=pattern, count=count)
    answers = pipe.execute()
    if keys:
        removed += answers[0]
    if is_last:
        break
    cursor, keys = answers[-1]
print(removed)
