#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>

namespace assent::media {

// The elements that `take` finds one after another at the front of some bytes, until it finds
// none. `take` shortens `rest` by what it took, always by something.
template <class Element, std::optional<Element> (*take)(std::span<const std::byte>& rest)>
class ElementRange {
 public:
  class Iterator {
   public:
    using value_type = Element;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(std::span<const std::byte> rest) : rest_{rest}, element_{take(rest_)} {}

    const Element& operator*() const { return *element_; }
    const Element* operator->() const { return &*element_; }
    Iterator& operator++() {
      element_ = take(rest_);
      return *this;
    }
    void operator++(int) { element_ = take(rest_); }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) {
      return !it.element_.has_value();
    }

   private:
    std::span<const std::byte> rest_;
    std::optional<Element> element_;
  };

  explicit ElementRange(std::span<const std::byte> bytes) : bytes_{bytes} {}

  [[nodiscard]] Iterator begin() const { return Iterator{bytes_}; }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace assent::media
