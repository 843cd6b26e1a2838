#include "gateway/numbering_plan.hpp"

#include <gmock/gmock.h>

namespace assent::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(CountriesOfNumber, AreThoseOfItsNumberingPlan) {
  EXPECT_THAT(countries_of_number("+31201234567"), ElementsAre("NL"));
  EXPECT_THAT(countries_of_number("+31612345678"), ElementsAre("NL"));
  EXPECT_THAT(countries_of_number("+4930123456"), ElementsAre("DE"));
  EXPECT_THAT(countries_of_number("+5491123456789"), ElementsAre("AR"));
}

TEST(CountriesOfNumber, TellApartThoseThatShareACallingCode) {
  EXPECT_THAT(countries_of_number("+14155552671"), ElementsAre("US"));
  EXPECT_THAT(countries_of_number("+14165550134"), ElementsAre("CA"));
  EXPECT_THAT(countries_of_number("+18765550123"), ElementsAre("JM"));
  EXPECT_THAT(countries_of_number("+442079460018"), ElementsAre("GB"));
  EXPECT_THAT(countries_of_number("+441481256789"), ElementsAre("GG"));
  EXPECT_THAT(countries_of_number("+441534456789"), ElementsAre("JE"));
  EXPECT_THAT(countries_of_number("+441624756789"), ElementsAre("IM"));
  EXPECT_THAT(countries_of_number("+390669812345"), ElementsAre("VA"));
  EXPECT_THAT(countries_of_number("+390612345678"), ElementsAre("IT"));
  EXPECT_THAT(countries_of_number("+74951234567"), ElementsAre("RU"));
  EXPECT_THAT(countries_of_number("+77172123456"), ElementsAre("KZ"));
}

TEST(CountriesOfNumber, AreAllThatShareARange) {
  EXPECT_THAT(countries_of_number("+590690001234"), UnorderedElementsAre("GP", "BL", "MF"));
}

TEST(CountriesOfNumber, AreNoneForNumbersOfServicesWhichAreCalledFromEverywhere) {
  EXPECT_THAT(countries_of_number("+18005550123"), IsEmpty());
  EXPECT_THAT(countries_of_number("+31800123456"), IsEmpty());
  EXPECT_THAT(countries_of_number("+31900123456"), IsEmpty()) << "premium rate";
  EXPECT_THAT(countries_of_number("+448000123456"), IsEmpty());
  EXPECT_THAT(countries_of_number("+447012345678"), IsEmpty()) << "a personal number";
}

TEST(CountriesOfNumber, AreNoneForInternationalNumbers) {
  EXPECT_THAT(countries_of_number("+80012345678"), IsEmpty());
  EXPECT_THAT(countries_of_number("+883510012345"), IsEmpty());
  EXPECT_THAT(countries_of_number("+870773111632"), IsEmpty()) << "Inmarsat";
}

TEST(CountriesOfNumber, AreNoneForWhatIsNoNumberOfAnyPlan) {
  for (const char* wrong :
       {"", "+", "+1", "+31", "+3120", "31201234567", "+312012345678901", "+999123456789",
        "+210123456789", "tel:", "+31;ext=7", "+1\n4155552671;phone-context=+31", "0031201234567"})
    EXPECT_THAT(countries_of_number(wrong), IsEmpty()) << wrong;
  EXPECT_THAT(countries_of_number(std::string(100'000, '7')), IsEmpty());
  std::string with_zero = "+31201234567";
  with_zero[3] = '\0';
  EXPECT_THAT(countries_of_number(with_zero), IsEmpty());
}

}  // namespace
}  // namespace assent::gateway
