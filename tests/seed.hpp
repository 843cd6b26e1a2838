#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace assent::tests {

// Where the randomness of a test comes from: ASSENT_SEED, or the default it was written with.
// Traced with SCOPED_TRACE(seed.text()), a failure prints how to repeat it.
class Seed {
 public:
  static Seed from_environment_or(std::uint64_t otherwise) {
    const char* text = std::getenv("ASSENT_SEED");
    return Seed{text == nullptr ? otherwise : std::strtoull(text, nullptr, 10)};
  }

  [[nodiscard]] std::uint64_t value() const { return value_; }
  [[nodiscard]] std::string text() const { return "ASSENT_SEED=" + std::to_string(value_); }

 private:
  explicit Seed(std::uint64_t value) : value_{value} {}
  std::uint64_t value_;
};

}  // namespace assent::tests
