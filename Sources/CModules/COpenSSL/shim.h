// libcrypto: digests. TLS comes with its own transport.
#pragma once
#include <openssl/evp.h>
#include <openssl/sha.h>
