#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace assent::gateway {

// Files of config/ that are part of the program, so that it runs and explains itself without any.
struct EmbeddedFile {
  std::string_view name;  // "assent.yaml"
  std::string_view text;
};

[[nodiscard]] std::span<const EmbeddedFile> embedded_files();

// nullopt: no file of that name was there when the program was built.
[[nodiscard]] inline std::optional<std::string_view> embedded(std::string_view name) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.name == name) return file.text;
  }
  return std::nullopt;
}

}  // namespace assent::gateway
