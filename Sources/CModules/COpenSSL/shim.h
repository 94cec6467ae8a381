// libcrypto and libssl: digests and TLS sessions. OpenSSL 3.0 and newer.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// Macros with arguments, which Swift does not import, one function each.
static inline long copenssl_require_tls12(SSL_CTX *context) {
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline void copenssl_set_modes(SSL_CTX *context) {
  // A write may send a part, its bytes may have moved when it is tried again, and an idle session
  // keeps no buffers.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline void copenssl_set_options(SSL_CTX *context) {
  // RESP says itself where a reply ends: a missing close_notify cuts off nothing unseen.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static inline long copenssl_add_chain(SSL_CTX *context, X509 *certificate) {
  return SSL_CTX_add1_chain_cert(context, certificate);
}

static inline long copenssl_set_host_name(SSL *session, const char *name) {
  return SSL_set_tlsext_host_name(session, name);
}

static inline int copenssl_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
static inline int copenssl_is_ssl_error(unsigned long code) {
  return ERR_GET_LIB(code) == ERR_LIB_SSL;
}

// The alternative names of a certificate: a stack, whose functions are macros.
static inline GENERAL_NAMES *copenssl_alternative_names(const X509 *certificate) {
  return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}
static inline int copenssl_name_count(const GENERAL_NAMES *names) {
  return sk_GENERAL_NAME_num(names);
}
// The bytes of name `index` and their length if it is a DNS name (1) or an address (2), else 0.
static inline int copenssl_name(const GENERAL_NAMES *names, int index,
                                const unsigned char **bytes, int *length) {
  const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
  if (name == NULL || (name->type != GEN_DNS && name->type != GEN_IPADD)) return 0;
  const ASN1_STRING *text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
  *bytes = ASN1_STRING_get0_data(text);
  *length = ASN1_STRING_length(text);
  return name->type == GEN_DNS ? 1 : 2;
}
