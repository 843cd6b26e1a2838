#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>
#include <string_view>

namespace assent::gateway {

struct CallAnswer {
  unsigned status = 0;
  std::string body;
};

// The object of a 200. Otherwise throws what the service says is wrong.
[[nodiscard]] boost::json::object answer_object(const CallAnswer& answer);

// One request to the API that a configuration (empty: the built-in one) describes. A service that
// runs is asked, with the token in `token_file`, or that of the role in its directory of tokens.
// When none runs, the service is started for this one request, on a private socket and without
// calls, and ended in order: what it does then is the same. Throws what the operator is to read.
[[nodiscard]] CallAnswer call_service(const std::filesystem::path& configuration,
                                      const std::filesystem::path& token_file,
                                      std::string_view role, std::string_view method,
                                      const std::string& target, const std::string& body = {});

}  // namespace assent::gateway
