// hiredis is used as a reply parser only. What differs between 0.14 and 1.x stays in here: both
// call these functions for each element of a reply, which spares the tree of redisReply.
#pragma once
#include <hiredis/hiredis.h>
#include <hiredis/read.h>

// Where the parser puts what it reads. Each function returns 0 to refuse the reply, which ends
// the reader: hiredis 0.14 itself has no limit on the length of arrays.
typedef struct chiredis_sink {
  void *context;
  // type: REDIS_REPLY_STRING, _STATUS or _ERROR
  int (*string)(void *context, int type, const char *bytes, size_t length);
  int (*array)(void *context, long long elements);
  int (*integer)(void *context, long long value);
  int (*null)(void *context);
} chiredis_sink;

// "Kept elsewhere": hiredis only tells NULL from the rest and hands it to chiredis_free at most.
static inline void *chiredis_kept(const redisReadTask *task) { return (void *)task; }

static inline void *chiredis_string(const redisReadTask *task, char *bytes, size_t length) {
  const chiredis_sink *sink = (const chiredis_sink *)task->privdata;
  return sink->string(sink->context, task->type, bytes, length) ? chiredis_kept(task) : NULL;
}

static inline void *chiredis_integer(const redisReadTask *task, long long value) {
  const chiredis_sink *sink = (const chiredis_sink *)task->privdata;
  return sink->integer(sink->context, value) ? chiredis_kept(task) : NULL;
}

static inline void *chiredis_null(const redisReadTask *task) {
  const chiredis_sink *sink = (const chiredis_sink *)task->privdata;
  // A null of its own belongs to RESP3; here it is a string or an array of length -1.
  if (task->type == REDIS_REPLY_NIL) return NULL;
  return sink->null(sink->context) ? chiredis_kept(task) : NULL;
}

#if HIREDIS_MAJOR >= 1
static inline void *chiredis_array(const redisReadTask *task, size_t elements) {
  const chiredis_sink *sink = (const chiredis_sink *)task->privdata;
  // Maps, sets and pushes belong to RESP3, which is never asked for.
  if (task->type != REDIS_REPLY_ARRAY) return NULL;
  return sink->array(sink->context, (long long)elements) ? chiredis_kept(task) : NULL;
}
static inline void *chiredis_double(const redisReadTask *task, double value, char *bytes,
                                    size_t length) {
  return NULL;
}
static inline void *chiredis_bool(const redisReadTask *task, int value) { return NULL; }
#else
static inline void *chiredis_array(const redisReadTask *task, int elements) {
  const chiredis_sink *sink = (const chiredis_sink *)task->privdata;
  return sink->array(sink->context, elements) ? chiredis_kept(task) : NULL;
}
#endif

static inline void chiredis_free(void *object) {}

// The sink must outlive the reader; NULL when out of memory.
static inline redisReader *chiredis_reader_create(const chiredis_sink *sink) {
  static redisReplyObjectFunctions functions = {
      .createString = chiredis_string,
      .createArray = chiredis_array,
      .createInteger = chiredis_integer,
      .createNil = chiredis_null,
      .freeObject = chiredis_free,
#if HIREDIS_MAJOR >= 1
      .createDouble = chiredis_double,
      .createBool = chiredis_bool,
#endif
  };
  redisReader *reader = redisReaderCreateWithFunctions(&functions);
  if (reader != NULL) reader->privdata = (void *)sink;
  return reader;
}

// Bytes fed but not parsed yet, and the first of them.
static inline size_t chiredis_pending(const redisReader *reader) {
  return reader->len - reader->pos;
}
static inline const char *chiredis_pending_bytes(const redisReader *reader) {
  return reader->buf + reader->pos;
}

// A fixed array, which Swift would read as a tuple.
static inline const char *chiredis_error(const redisReader *reader) { return reader->errstr; }
