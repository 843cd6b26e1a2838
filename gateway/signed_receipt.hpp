#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/ledger_key.hpp"

namespace assent::gateway {

// A receipt as its holder keeps it: a JSON Web Signature in compact form (RFC 7515), EdDSA over
// Ed25519 (RFC 8037), by the key of the ledger. Whoever has the verifier key needs nothing else, no
// service and no network, to see that it is genuine; the entry and the checkpoint in it let anybody
// demand to be shown the record that it is of. A signed note never looks like a signing input:
// it has line feeds.

// `text`: consent_receipt_text(); `entry` and `checkpoint`: where the ledger has the record, and a
// signed note that covers it. Empty when OpenSSL fails.
[[nodiscard]] std::string sign_receipt(const LedgerKey& key, std::string_view text,
                                       std::uint64_t entry, std::string_view checkpoint);

struct ReceiptFault {
  std::string what;
};
// What it says, as JSON, when it is genuine.
[[nodiscard]] boost::system::result<std::string, ReceiptFault> open_receipt(
    std::string_view jws, const policy::VerifierKey& key);

// The key for other programs: {"kty":"OKP","crv":"Ed25519","x":...,"kid":...} (RFC 8037).
[[nodiscard]] std::string to_jwk(const policy::VerifierKey& key);

}  // namespace assent::gateway
