#include "gateway/fault.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace assent::gateway {
namespace {

constexpr std::size_t shown_bytes_max = 60;
constexpr std::size_t listed_words_max = 24;

// Optimal string alignment: insertions, deletions, substitutions and swapped neighbours.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitution = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string to_string(const Fault& fault) {
  std::string out = fault.file;
  if (fault.line != 0) {
    out += ':' + std::to_string(fault.line) + ':' + std::to_string(fault.column);
  }
  out += ": ";
  if (!fault.path.empty()) out += fault.path + ": ";
  out += fault.what;
  if (!fault.remedy.empty()) out += "\n  remedy: " + fault.remedy;
  return out;
}

void Faults::add(Fault fault) {
  if (std::find(faults_.begin(), faults_.end(), fault) != faults_.end()) return;
  if (faults_.size() < faults_max) {
    faults_.push_back(std::move(fault));
  } else {
    ++left_out_;
  }
}

std::vector<Fault> Faults::in_order() const {
  std::vector<std::string_view> files;
  for (const Fault& fault : faults_) {
    if (std::find(files.begin(), files.end(), fault.file) == files.end()) {
      files.push_back(fault.file);
    }
  }
  const auto rank = [&files](const Fault& fault) {
    return std::find(files.begin(), files.end(), fault.file) - files.begin();
  };
  std::vector<Fault> sorted = faults_;
  std::stable_sort(sorted.begin(), sorted.end(), [&rank](const Fault& a, const Fault& b) {
    return std::tuple{rank(a), a.line, a.column} < std::tuple{rank(b), b.line, b.column};
  });
  return sorted;
}

std::string to_string(const Faults& faults) {
  std::string out;
  for (const Fault& fault : faults.in_order())
    out += to_string(fault) + '\n';
  if (faults.left_out() != 0) {
    out += "and " + std::to_string(faults.left_out()) + " more faults\n";
  }
  return out;
}

std::string suggest(std::string_view word, std::span<const std::string_view> possible) {
  std::string_view nearest;
  std::size_t edits = std::max<std::size_t>(1, std::min<std::size_t>(word.size(), 64) / 3) + 1;
  for (const std::string_view candidate : possible) {
    if (word.size() > 64) break;
    const std::size_t distance = edits_between(word, candidate);
    if (distance < edits) {
      edits = distance;
      nearest = candidate;
    }
  }
  if (!nearest.empty()) return "did you mean '" + std::string{nearest} + "'?";
  if (possible.empty()) return "nothing is possible here";
  std::string out = "one of: ";
  for (std::size_t i = 0; i < possible.size() && i < listed_words_max; ++i) {
    if (i != 0) out += ", ";
    out += possible[i];
  }
  if (possible.size() > listed_words_max) out += ", ...";
  return out;
}

std::string as_shown(std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out = "'";
  for (const char c : value.substr(0, shown_bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4U];
      out += digits[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += value.size() > shown_bytes_max ? "...'" : "'";
  return out;
}

}  // namespace assent::gateway
