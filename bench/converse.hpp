#pragma once

#include <boost/json.hpp>
#include <exception>
#include <iostream>
#include <string>

namespace assent::bench {

// The other end of side_by_side/process.py's Conversation: each line of JSON on standard input is
// answered by one, until {"command": "quit"}. What throws is answered as {"error": ...}.
template <class Answerer>
void converse(Answerer& answerer) {
  namespace json = boost::json;
  for (std::string line; std::getline(std::cin, line);) {
    try {
      const json::object request = json::parse(line).as_object();
      if (request.at("command").as_string() == "quit") return;
      std::cout << json::serialize(answerer.answer(request)) << std::endl;
    } catch (const std::exception& error) {
      std::cout << json::serialize(json::object{{"error", error.what()}}) << std::endl;
    }
  }
}

}  // namespace assent::bench
