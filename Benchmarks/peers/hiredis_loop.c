// The peer of RedisBench: a plain C loop over hiredis, one connection, blocking.
//
//   hiredis_loop PORT get DEPTH COUNT    COUNT GETs of `bench:value`, DEPTH in flight at a time
//   hiredis_loop PORT set DEPTH COUNT    COUNT SETs of it, 100 bytes each
//   hiredis_loop PORT scan COUNT         one walk of all keys, SCAN COUNT, each key read
//
// Prints operations (or keys) per second, connecting not included.
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static redisReply *take(redisContext *context) {
  redisReply *reply = NULL;
  if (redisGetReply(context, (void **)&reply) != REDIS_OK || reply->type == REDIS_REPLY_ERROR) {
    fprintf(stderr, "hiredis_loop: %s\n", reply ? reply->str : context->errstr);
    exit(1);
  }
  return reply;
}

static double get(redisContext *context, int depth, long count) {
  const char *words[] = {"GET", "bench:value"};
  const size_t lengths[] = {3, 11};
  size_t bytes = 0;
  double start = now();
  for (long done = 0; done < count; done += depth) {
    for (int i = 0; i < depth; i++) redisAppendCommandArgv(context, 2, words, lengths);
    for (int i = 0; i < depth; i++) {
      redisReply *reply = take(context);
      bytes += reply->len;
      freeReplyObject(reply);
    }
  }
  double seconds = now() - start;
  if (bytes != (size_t)count * 100) {
    fprintf(stderr, "hiredis_loop: %zu bytes\n", bytes);
    exit(1);
  }
  return (double)count / seconds;
}

static double set(redisContext *context, int depth, long count) {
  char value[100];
  memset(value, 'x', sizeof value);
  const char *words[] = {"SET", "bench:value", value};
  const size_t lengths[] = {3, 11, sizeof value};
  size_t bytes = 0;
  double start = now();
  for (long done = 0; done < count; done += depth) {
    for (int i = 0; i < depth; i++) redisAppendCommandArgv(context, 3, words, lengths);
    for (int i = 0; i < depth; i++) {
      redisReply *reply = take(context);
      bytes += reply->len;
      freeReplyObject(reply);
    }
  }
  double seconds = now() - start;
  if (bytes != (size_t)count * 2) {
    fprintf(stderr, "hiredis_loop: not OK\n");
    exit(1);
  }
  return (double)count / seconds;
}

static double scan(redisContext *context, const char *count) {
  char cursor[32] = "0";
  size_t keys = 0, bytes = 0;
  double start = now();
  do {
    const char *words[] = {"SCAN", cursor, "COUNT", count};
    const size_t lengths[] = {4, strlen(cursor), 5, strlen(count)};
    redisAppendCommandArgv(context, 4, words, lengths);
    redisReply *reply = take(context);
    redisReply *page = reply->element[1];
    for (size_t i = 0; i < page->elements; i++) bytes += page->element[i]->len;
    keys += page->elements;
    snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
    freeReplyObject(reply);
  } while (strcmp(cursor, "0") != 0);
  double seconds = now() - start;
  if (bytes == 0) exit(1);
  return (double)keys / seconds;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  redisContext *context = redisConnect("127.0.0.1", atoi(argv[1]));
  if (context == NULL || context->err) return 1;
  double rate;
  if (strcmp(argv[2], "get") == 0 && argc == 5) {
    rate = get(context, atoi(argv[3]), atol(argv[4]));
  } else if (strcmp(argv[2], "set") == 0 && argc == 5) {
    rate = set(context, atoi(argv[3]), atol(argv[4]));
  } else if (strcmp(argv[2], "scan") == 0 && argc == 4) {
    rate = scan(context, argv[3]);
  } else {
    return 2;
  }
  printf("%.1f\n", rate);
  redisFree(context);
  return 0;
}
