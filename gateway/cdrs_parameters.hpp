#pragma once

#include <optional>
#include <string>
#include <string_view>

// What is asked of call detail records, in the words of the API's query and of the command line.
namespace assent::gateway {

// What is wrong with a parameter of GET /v1/cdrs, if anything; it says which.
[[nodiscard]] std::optional<std::string> cdrs_parameter_fault(std::string_view name,
                                                              std::string_view value);

// The form that an Accept field asks for: the word of the first media type that there is a form
// for; else nothing.
[[nodiscard]] std::optional<std::string_view> cdr_form_accepted(std::string_view accept);

}  // namespace assent::gateway
