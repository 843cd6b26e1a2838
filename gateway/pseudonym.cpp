#include "gateway/pseudonym.hpp"

#include <openssl/rand.h>

#include <array>
#include <boost/json.hpp>
#include <stdexcept>
#include <utility>

namespace assent::gateway {
namespace {

namespace json = boost::json;

json::object object_of(std::string_view text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  return error || !value.is_object() ? json::object{} : std::move(value.as_object());
}

void drop_from_each(json::object& object, std::string_view list, std::string_view key) {
  auto* const found = object.if_contains(list);
  if (found == nullptr || !found->is_array()) return;
  for (auto& entry : found->as_array())
    if (auto* const of = entry.if_object()) of->erase(key);
}

bool says(const json::object& object, std::string_view key, std::string_view text) {
  const auto* const value = object.if_contains(key);
  return value != nullptr && value->is_string() && std::string_view{value->get_string()} == text;
}

}  // namespace

std::string new_pseudonym() {
  std::array<unsigned char, 8> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    throw std::runtime_error("the system gives no random bytes");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name = "erased-";
  for (const unsigned char byte : random) {
    name += digits[byte >> 4U];
    name += digits[byte & 15U];
  }
  return name;
}

bool is_pseudonym(std::string_view id) {
  constexpr std::string_view start = "erased-";
  constexpr std::size_t digits = 16;
  return id.size() == start.size() + digits && id.starts_with(start) &&
         id.find_first_not_of("0123456789abcdef", start.size()) == std::string_view::npos;
}

void pseudonymise(Record& record, const Pseudonym& name) {
  std::visit(
      [&]<class Of>(Of& of) {
        if constexpr (requires { of.participant; }) of.participant = name.participant;
        if constexpr (requires { of.subject; }) of.subject = name.subject;
        if constexpr (std::is_same_v<Of, ConsentEvent>) {
          of.evidence.clear();
          of.receipt.clear();
        }
        if constexpr (std::is_same_v<Of, CdrEntry>) of.json = pseudonymised_cdr(of.json, name);
        if constexpr (std::is_same_v<Of, ClosedRecording>)
          of.json = pseudonymised_recording(of.json, name);
      },
      record);
}

std::string pseudonymised_recording(std::string_view text, const Pseudonym& name) {
  auto object = object_of(text);
  if (object.contains("participant")) object["participant"] = name.participant;
  return json::serialize(object);
}

std::string pseudonymised_cdr(std::string_view text, const Pseudonym& name) {
  auto object = object_of(text);
  if (object.contains("participant")) object["participant"] = name.participant;
  if (object.contains("subject")) object["subject"] = name.subject;
  drop_from_each(object, "jurisdictions", "evidence");
  drop_from_each(object, "consents", "receipt");
  return json::serialize(object);
}

std::optional<std::string> pseudonymised_message(std::string_view body, std::string_view room,
                                                 std::string_view participant,
                                                 const std::string& pseudonym) {
  auto object = object_of(body);
  auto* const data = object.if_contains("data");
  if (data == nullptr || !data->is_object()) return std::nullopt;
  auto& about = data->as_object();
  if (!says(about, "room", room) || !says(about, "participant", participant)) return std::nullopt;
  about["participant"] = pseudonym;
  return json::serialize(object);
}

}  // namespace assent::gateway
