#include "gateway/numbering_plan.hpp"

#include <phonenumbers/phonenumberutil.h>

#include <list>

namespace assent::gateway {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// Those that people have; services are called from everywhere, and personal numbers move.
bool belongs_to_a_place(PhoneNumberUtil::PhoneNumberType type) {
  switch (type) {
    case PhoneNumberUtil::FIXED_LINE:
    case PhoneNumberUtil::MOBILE:
    case PhoneNumberUtil::FIXED_LINE_OR_MOBILE:
    case PhoneNumberUtil::VOIP:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::vector<std::string> countries_of_number(const std::string& e164) {
  // The library also reads numbers out of text, in time that grows with the square of its size.
  constexpr std::size_t size_max = 16;  // "+" and 15 digits (E.164 §6)
  if (e164.size() > size_max) return {};
  const PhoneNumberUtil& plans = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  // "ZZ": no country to assume where the number does not begin with "+" and a calling code.
  if (plans.Parse(e164, "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR) return {};
  if (!belongs_to_a_place(plans.GetNumberType(number))) return {};
  std::list<std::string> sharing;
  plans.GetRegionCodesForCountryCallingCode(number.country_code(), &sharing);
  std::vector<std::string> countries;
  for (std::string& country : sharing) {
    constexpr std::size_t alpha_2 = 2;  // "001" is the world
    if (country.size() == alpha_2 && plans.IsValidNumberForRegion(number, country)) {
      countries.push_back(std::move(country));
    }
  }
  return countries;
}

}  // namespace assent::gateway
