#pragma once

namespace assent::media {

// Puts HMAC-SHA1 (RFC 2104) with precomputed key blocks in the place of libsrtp's own, which goes
// through OpenSSL's providers: that allocates twice a packet, and takes a quarter longer.
// After srtp_init, once a process. libsrtp takes it only if it passes libsrtp's self-tests.
[[nodiscard]] bool install_srtp_hmac();

}  // namespace assent::media
