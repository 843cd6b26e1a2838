// The archive as a page: for people, without scripts, styles or pictures from elsewhere.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/consent_page_html.hpp"
#include "gateway/subject_archive.hpp"

namespace assent::gateway {
namespace json = boost::json;

namespace {

std::string plain(const json::value& value) {
  if (value.is_string()) return escaped(value.get_string());
  return escaped(json::serialize(value));
}

// Of simple values a table's cell, of others a nested list.
std::string shown(const json::value& value) {
  const auto* const object = value.if_object();
  if (object != nullptr) {
    std::string out = "<dl>";
    for (const auto& [name, of] : *object)
      out += "<dt>" + escaped(name) + "</dt><dd>" + shown(of) + "</dd>";
    return out + "</dl>";
  }
  const auto* const array = value.if_array();
  if (array == nullptr) return plain(value);
  if (array->empty()) return "none";
  std::string out = "<ol>";
  for (const auto& of : *array)
    out += "<li>" + shown(of) + "</li>";
  return out + "</ol>";
}

// What a reader looks for first, in one line.
std::string headline(const json::object& entry) {
  std::string line;
  for (const std::string_view name : {"at", "in_words", "kind", "room", "purpose", "from", "to",
                                      "mechanism", "action", "closed", "category"}) {
    const auto* const value = entry.if_contains(name);
    if (value == nullptr || !value->is_string() || value->get_string().empty()) continue;
    line += line.empty() ? "" : " · ";
    line += plain(*value);
  }
  return line.empty() ? "entry" : line;
}

std::string part(const json::value& value) {
  const auto* const array = value.if_array();
  if (array == nullptr) return shown(value);
  if (array->empty()) return "<p>Nothing.</p>";
  std::string out;
  for (const auto& entry : *array) {
    const auto* const object = entry.if_object();
    out += object == nullptr ? "<p>" + plain(entry) + "</p>"
                             : "<details><summary>" + headline(*object) + "</summary>" +
                                   shown(entry) + "</details>";
  }
  return out;
}

}  // namespace

std::string archive_page(const json::object& archive) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>Your data</title><style>"
      "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}"
      "summary{cursor:pointer}details{border-top:1px solid #ccc;padding:.3rem 0}"
      "dt{font-weight:600}dd{margin:0 0 .3rem 1.2rem;overflow-wrap:anywhere}"
      "</style></head><body>\n<h1>What is kept about you</h1>\n<p>Subject ";
  out += plain(archive.at("subject")) + ", as of " + plain(archive.at("made")) +
         ". The file archive.json beside this page has the same for a program.</p>\n";
  for (const auto& [name, what] : archive.at("explained").get_object()) {
    const auto* const value = archive.if_contains(name);
    if (value == nullptr) continue;
    out += "<h2 id=\"" + escaped(name) + "\">" + escaped(name) + "</h2>\n<p>" + plain(what) +
           "</p>\n" + part(*value) + "\n";
  }
  return out + "</body></html>\n";
}

}  // namespace assent::gateway
