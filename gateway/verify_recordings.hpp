#pragma once

#include <filesystem>
#include <vector>

#include "gateway/database.hpp"
#include "gateway/verify_findings.hpp"

namespace assent::gateway {

// Files and manifests of the built-in recorder against what was recorded when each was closed: no
// byte is another, none is missing, and none is beyond its cut. `folders`: of the sinks of kind
// ogg.
void verify_recordings(Database& database, const std::vector<std::filesystem::path>& folders,
                       VerifyFindings& findings);

}  // namespace assent::gateway
