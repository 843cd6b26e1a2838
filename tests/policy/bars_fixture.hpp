#pragma once

#include "tests/policy/rulebook.hpp"

namespace assent::policy::test {

// A Dutch room whose recording runs, with one adult.
class Bars : public testing::Test {
 protected:
  Play begun() {
    Play play{rules};
    play.join("a", "NL");
    play.start("recording", {"recorder"});
    return play;
  }

  RuleBook rules = rulebook();
};

}  // namespace assent::policy::test
