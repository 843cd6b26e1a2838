#include "gateway/aggregates.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "gateway/policy_file.hpp"
#include "gateway/pseudonym.hpp"
#include "gateway/rfc3339.hpp"
#include "tests/gateway/coroutine.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway {
namespace {

const WallTime in_november = parse_rfc3339("2025-11-12T12:00:00Z").value();
const WallTime in_december = parse_rfc3339("2025-12-01T00:00:00Z").value();

class Aggregates : public testing::Test {
 protected:
  static PolicyInForce built_in() {
    Faults faults;
    return PolicyInForce{hold_files(*load_policy({}, in_november, faults), in_november)};
  }
  StorageOptions options() const {
    StorageOptions made;
    made.database = folder.path() / "assent.db";
    return made;
  }
  void state(std::string subject, std::string participant, std::string statement) {
    ConsentEvent event;
    event.session = "s1";
    event.room = "room";
    event.participant = std::move(participant);
    event.subject = std::move(subject);
    event.purpose = "recording";
    event.giver = "participant";
    event.statement = event.state = std::move(statement);
    event.at = in_november;
    event.rules = "sha256:00";
    ASSERT_TRUE(run(storage.append(std::move(event))));
  }
  Answered<boost::json::object> of(std::string month, WallTime now) {
    return run(aggregates_of(storage, policy, std::move(month), now));
  }

  TemporaryFolder folder;
  const PolicyInForce policy = built_in();
  const std::size_t enough = policy.rules()->aggregate_k;
  Storage storage{options()};
};

TEST_F(Aggregates, Row33TheyAreAboutEnoughPeopleAndNameNobody) {
  for (std::size_t i = 0; i < enough; ++i)
    state("person" + std::to_string(i), "p" + std::to_string(i), "granted");
  state("person0", "p0", "granted");  // again: one person still
  state("person9", "p9", "refused");
  const auto numbers = of("2025-11", in_december);
  ASSERT_TRUE(numbers) << numbers.error().detail;
  ASSERT_EQ(numbers->at("aggregates").as_array().size(), 1U) << *numbers;
  const auto& cell = numbers->at("aggregates").as_array().front();
  EXPECT_EQ(cell.at("statement").as_string(), "granted");
  EXPECT_EQ(cell.at("people").to_number<std::size_t>(), enough);
  EXPECT_EQ(numbers->at("withheld").to_number<int>(), 1);
  EXPECT_EQ(boost::json::serialize(*numbers).find("person"), std::string::npos);
}

TEST_F(Aggregates, Row33OnePersonWhoWasErasedIsNotTakenForMany) {
  for (std::size_t i = 0; i < enough; ++i)
    state(std::string(erased_subject), new_pseudonym(), "granted");  // of as many calls
  const auto numbers = of("2025-11", in_december);
  ASSERT_TRUE(numbers) << numbers.error().detail;
  EXPECT_TRUE(numbers->at("aggregates").as_array().empty()) << *numbers;
}

TEST_F(Aggregates, Row33NobodyIsFoundByTheDifferenceOfTwoAnswersOfOneMonth) {
  EXPECT_FALSE(of("2025-11", in_december - std::chrono::milliseconds{1}));
  EXPECT_TRUE(of("2025-11", in_december));
}

}  // namespace
}  // namespace assent::gateway
