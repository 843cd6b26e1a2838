#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gateway/api_routes.hpp"
#include "gateway/disclosures.hpp"
#include "gateway/embedded.hpp"
#include "gateway/policy_json.hpp"
#include "gateway/request_reader.hpp"
#include "gateway/requests.hpp"
#include "gateway/router.hpp"
#include "gateway/subject_changes.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;

const json::object& document() {
  static const json::value parsed = json::parse(embedded("openapi.json").value());
  return parsed.get_object();
}

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text)
    result += static_cast<char>(std::tolower(c));
  return result;
}

// Follows a local "$ref".
const json::value& resolved(const json::value& value) {
  const auto* reference = value.is_object() ? value.get_object().if_contains("$ref") : nullptr;
  if (reference == nullptr) return value;
  static const json::value whole(document());
  return whole.at_pointer(std::string(reference->get_string()).substr(1));
}

const json::object& operation_of(const ApiRoute& route) {
  return document()
      .at("paths")
      .at(route.path_template)
      .at(lower(to_string(route.method)))
      .get_object();
}

std::set<std::string> parameters_in(const json::object& operation, std::string_view place) {
  std::set<std::string> names;
  const auto* parameters = operation.if_contains("parameters");
  if (parameters == nullptr) return names;
  for (const json::value& entry : parameters->get_array()) {
    const json::value& parameter = resolved(entry);
    if (parameter.at("in").get_string() == place) {
      names.emplace(parameter.at("name").get_string());
    }
  }
  return names;
}

TEST(OpenApi, DescribesEveryRouteAndNoOther) {
  std::set<std::string> routed;
  for (const ApiRoute& route : api_routes()) {
    routed.insert(lower(to_string(route.method)) + ' ' + std::string(route.path_template));
  }
  std::set<std::string> described;
  for (const auto& [path, methods] : document().at("paths").get_object()) {
    for (const auto& [method, operation] : methods.get_object()) {
      described.insert(std::string(method) + ' ' + std::string(path));
    }
  }
  EXPECT_EQ(routed, described);
}

TEST(OpenApi, SaysOfEveryOperationWhatTheRouteTableSays) {
  for (const ApiRoute& route : api_routes()) {
    SCOPED_TRACE(route.operation_id);
    const json::object& operation = operation_of(route);
    EXPECT_EQ(std::string(operation.at("operationId").get_string()), route.operation_id);
    EXPECT_EQ(operation.contains("requestBody"), route.takes != Takes::nothing);
    const bool open =
        operation.contains("security") && operation.at("security").get_array().empty();
    EXPECT_EQ(open, route.open);
    std::set<std::string> allowed;
    for (std::size_t i = 0; i < roles && !route.open; ++i) {
      const auto role = static_cast<Role>(i);
      if (contains(route.allowed, role)) allowed.emplace(to_string(role));
    }
    std::set<std::string> described;
    for (const auto& role : operation.at("x-roles").get_array()) {
      described.emplace(role.get_string());
    }
    EXPECT_EQ(described, allowed);
    EXPECT_EQ(parameters_in(operation, "query"),
              std::set<std::string>(route.query.begin(), route.query.end()));
    EXPECT_EQ(parameters_in(operation, "header").contains("Idempotency-Key"),
              route.method != HttpMethod::get && route.takes != Takes::form);
  }
}

TEST(OpenApi, NamesTheParametersOfEveryPath) {
  for (const ApiRoute& route : api_routes()) {
    std::set<std::string> in_template;
    std::string_view rest = route.path_template;
    while (rest.find('{') != std::string_view::npos) {
      rest.remove_prefix(rest.find('{') + 1);
      in_template.emplace(rest.substr(0, rest.find('}')));
    }
    EXPECT_EQ(parameters_in(operation_of(route), "path"), in_template) << route.operation_id;
  }
}

TEST(OpenApi, ListsEveryProblemType) {
  std::set<std::string> listed;
  const auto& types = document().at("components").at("schemas").at("Problem").at("properties");
  for (const auto& type : types.at("type").at("enum").get_array()) {
    listed.emplace(type.get_string());
  }
  std::set<std::string> known;
  for (std::size_t i = 0; i < problem_types; ++i) {
    known.emplace(uri_of(static_cast<ProblemType>(i)));
  }
  EXPECT_EQ(listed, known);
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  const json::value whole(document());
  const std::function<void(const json::value&)> follow = [&](const json::value& value) {
    if (const auto* array = value.if_array()) {
      for (const auto& element : *array)
        follow(element);
    } else if (const auto* object = value.if_object()) {
      for (const auto& [name, member] : *object) {
        if (name == "$ref") {
          boost::system::error_code error;
          EXPECT_NE(whole.find_pointer(std::string(member.get_string()).substr(1), error), nullptr)
              << member;
        }
        follow(member);
      }
    }
  };
  follow(whole);
}

using Refuse = std::function<std::optional<Problem>(const json::value&)>;
Refuse refusing(auto parse) {
  return [parse](const json::value& body) -> std::optional<Problem> {
    const auto request = parse(body);
    if (request) return std::nullopt;
    return request.error();
  };
}

// Takes each field out of the example in turn, and puts a foreign one in; nested objects too.
void compare(const json::object& schema, const Refuse& refuse, const json::value& whole,
             const std::string& pointer) {
  const json::object& example = whole.at_pointer(pointer).get_object();
  std::set<std::string> required;
  if (const auto* names = schema.if_contains("required")) {
    for (const auto& name : names->get_array())
      required.emplace(name.get_string());
  }
  for (const auto& [name, property] : schema.at("properties").get_object()) {
    const std::string at = pointer + '/' + std::string(name);
    ASSERT_TRUE(example.contains(name)) << "the example lacks " << at;
    json::value without = whole;
    without.at_pointer(pointer).get_object().erase(name);
    const auto problem = refuse(without);
    EXPECT_EQ(problem.has_value(), required.contains(std::string(name))) << at;
    if (problem) {
      EXPECT_EQ(problem->pointer, at);
    }
    const auto& nested = resolved(property).get_object();
    if (nested.contains("properties")) compare(nested, refuse, whole, at);
  }
  json::value foreign = whole;
  foreign.at_pointer(pointer).get_object()["foreign"] = 1;
  const auto problem = refuse(foreign);
  ASSERT_TRUE(problem) << pointer;
  EXPECT_EQ(problem->pointer, pointer + "/foreign");
}

TEST(OpenApi, RequestBodiesAreReadAsDescribed) {
  const std::map<Operation, Refuse> readers{
      {Operation::put_room, refusing(parse_put_room)},
      {Operation::patch_room, refusing(parse_patch_room)},
      {Operation::put_participant, refusing(parse_put_participant)},
      {Operation::patch_participant, refusing(parse_patch_participant)},
      {Operation::post_offer, refusing(parse_offer)},
      {Operation::post_candidates, refusing(parse_post_candidates)},
      {Operation::post_answer, refusing(parse_answer)},
      {Operation::put_consent, refusing(parse_put_consent)},
      {Operation::post_consent_link, refusing(parse_post_consent_link)},
      {Operation::put_notice, refusing(parse_put_notice)},
      {Operation::put_questions, refusing(parse_put_questions)},
      {Operation::put_purpose, refusing(parse_put_purpose)},
      {Operation::put_policy, refusing(parse_policy_proposal)},
      {Operation::patch_subject, refusing(parse_subject_change)},
      {Operation::post_disclosure, refusing(parse_disclosure_request)}};
  for (const ApiRoute& route : api_routes()) {
    if (route.takes != Takes::json) continue;
    SCOPED_TRACE(route.operation_id);
    const Refuse& refuse = readers.at(route.operation);
    const auto& content = operation_of(route).at("requestBody").at("content");
    const auto& described = content.at("application/json");
    const json::value& example = described.at("example");
    const auto problem = refuse(example);
    EXPECT_FALSE(problem) << problem->detail << problem->pointer;
    json::object schema = resolved(described.at("schema")).get_object();
    // Goes only with the other value of "by".
    schema["properties"].get_object().erase("withhold");
    // Either this or a candidate.
    if (schema["properties"].get_object().erase("sdpfrag") != 0)
      schema["required"].get_array().emplace_back("candidate");
    compare(schema, refuse, example, "");
  }
}

unsigned seed() {
  const char* given = std::getenv("ASSENT_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 42U;
}

TEST(Router, MutatedTargetsFindARouteWithSoundParametersOrAreRefused) {
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed()));
  std::mt19937 random{seed()};
  const std::string alphabet =
      "/%?&={}.~#:@[]\\ \x7f\xff"
      "25e0aZ";
  const auto below = [&](std::size_t bound) { return random() % bound; };
  int routes_found = 0;
  for (int round = 0; round < 50'000; ++round) {
    const ApiRoute& route = api_routes()[below(operations)];
    std::string target{route.path_template};
    std::erase_if(target, [](char c) { return c == '{' || c == '}'; });
    if (below(3) == 0) target += "?room=r1&explain=true";
    for (std::size_t changes = below(4); changes > 0; --changes) {
      const std::size_t at = below(target.size());
      switch (below(3)) {
        case 0:
          target[at] = alphabet[below(alphabet.size())];
          break;
        case 1:
          target.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        default:
          target.erase(at, 1 + below(3));
          break;
      }
      if (target.empty()) target = "/";
    }
    const Routed routed = route_request(to_string(route.method), target);
    ASSERT_NE(routed.route == nullptr, !routed.refusal) << target;
    if (routed.route == nullptr || routed.parameter_fault) continue;
    ++routes_found;
    for (const auto& [name, value] : routed.request.parameters)
      ASSERT_TRUE(is_id(value) || name == "token") << target;
    for (const auto& [name, value] : routed.request.query) {
      ASSERT_TRUE(std::find(routed.route->query.begin(), routed.route->query.end(), name) !=
                  routed.route->query.end())
          << target;
    }
  }
  EXPECT_GT(routes_found, 5'000);
}

}  // namespace
}  // namespace assent::gateway
