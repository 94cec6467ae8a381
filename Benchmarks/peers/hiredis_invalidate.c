// The peer of InvalidateBench: the shortest C loop that does it, one connection, blocking.
//
//   hiredis_invalidate SOCKET PATTERN COUNT
//
// UNLINK of a page and SCAN of the next leave in one flush. Prints the keys removed.
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisReply *take(redisContext *context) {
  redisReply *reply = NULL;
  if (redisGetReply(context, (void **)&reply) != REDIS_OK || reply->type == REDIS_REPLY_ERROR) {
    fprintf(stderr, "hiredis_invalidate: %s\n", reply ? reply->str : context->errstr);
    exit(1);
  }
  return reply;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  redisContext *context = redisConnectUnix(argv[1]);
  if (context == NULL || context->err) {
    fprintf(stderr, "hiredis_invalidate: %s\n", context ? context->errstr : "out of memory");
    return 1;
  }
  const char *words[] = {"SCAN", "0", "MATCH", argv[2], "COUNT", argv[3]};
  size_t lengths[] = {4, 1, 5, strlen(argv[2]), 5, strlen(argv[3])};
  redisAppendCommandArgv(context, 6, words, lengths);
  redisReply *page = take(context);
  const char **keys = NULL;
  size_t *sizes = NULL, room = 0;
  long long removed = 0;
  while (1) {
    redisReply *cursor = page->element[0], *found = page->element[1];
    int is_last = strcmp(cursor->str, "0") == 0;
    if (found->elements + 1 > room) {
      room = 2 * (found->elements + 1);
      keys = realloc(keys, room * sizeof *keys);
      sizes = realloc(sizes, room * sizeof *sizes);
      if (keys == NULL || sizes == NULL) return 1;
    }
    keys[0] = "UNLINK";
    sizes[0] = 6;
    for (size_t i = 0; i < found->elements; i++) {
      keys[i + 1] = found->element[i]->str;
      sizes[i + 1] = found->element[i]->len;
    }
    if (found->elements > 0)
      redisAppendCommandArgv(context, (int)found->elements + 1, keys, sizes);
    if (!is_last) {
      words[1] = cursor->str;
      lengths[1] = cursor->len;
      redisAppendCommandArgv(context, 6, words, lengths);
    }
    if (found->elements > 0) {
      redisReply *answer = take(context);
      removed += answer->integer;
      freeReplyObject(answer);
    }
    redisReply *next = is_last ? NULL : take(context);
    freeReplyObject(page);
    if (next == NULL) break;
    page = next;
  }
  printf("%lld\n", removed);
  redisFree(context);
  return 0;
}
