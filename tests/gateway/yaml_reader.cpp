#include "gateway/yaml_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class YamlReader : public testing::Test {
 protected:
  YamlDocument read(std::string_view text) {
    return YamlDocument::from_text("test.yaml", text, faults);
  }
  // Each fault as "line:column path".
  std::vector<std::string> places() const {
    std::vector<std::string> out;
    for (const Fault& fault : faults.in_order()) {
      out.push_back(std::to_string(fault.line) + ':' + std::to_string(fault.column) + ' ' +
                    fault.path);
    }
    return out;
  }
  Fault only_fault() const {
    const auto all = faults.in_order();
    EXPECT_EQ(all.size(), 1U) << to_string(faults);
    return all.empty() ? Fault{} : all.front();
  }

  Faults faults;
};

TEST_F(YamlReader, ReadsEveryKindOfValueWithoutAFault) {
  const auto document = read(
      "count: 12\nflag: true\npause: 250ms\nday: 1d\nlimit: 64 KiB\nname: a.b_c~d-9\n"
      "text: 'a: b'\nquoted: \"no\"\ncountry: NO\ndate: 2026-02-28\nlist: [a, b]\n"
      "block: |\n  two\n  lines\n");
  const YamlMap root = document.root().map({"count", "flag", "pause", "day", "limit", "name",
                                            "text", "quoted", "country", "date", "list", "block"});
  EXPECT_EQ(root.required("count").integer(0, 20), 12);
  EXPECT_EQ(root.required("flag").boolean(), true);
  EXPECT_EQ(root.required("pause").duration(0s, 1s), 250ms);
  EXPECT_EQ(root.required("day").duration(0s, 48h), 24h);
  EXPECT_EQ(root.required("limit").size_bytes(0, 1U << 20U), 65536U);
  EXPECT_EQ(root.required("name").id(), "a.b_c~d-9");
  EXPECT_EQ(root.required("text").text(), "a: b");
  EXPECT_EQ(root.required("country").id(), "NO");
  EXPECT_EQ(root.required("block").text(), "two\nlines\n");
  EXPECT_EQ(root.required("list").ids(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(root.required("date").date(),
            std::chrono::sys_days{std::chrono::year{2026} / std::chrono::February / 28});
  EXPECT_TRUE(faults.empty()) << to_string(faults);
}

TEST_F(YamlReader, FindsAllFaultsInOneReadingFromTopToBottom) {
  const auto document = read("media:\n  workers: many\n  wrokers: 2\nlog: {level: loud}\n");
  const YamlMap root = document.root().map({"media", "log", "api"});
  (void)root.optional("log").map({"level"}).required("level").one_of<int>(
      {{"info", 1}, {"debug", 2}});
  (void)root.optional("media").map({"workers"}).required("workers").integer(1, 64);
  (void)root.required("api");
  EXPECT_THAT(places(),
              ElementsAre("1:1 ", "2:12 media.workers", "3:3 media.wrokers", "4:14 log.level"));
}

TEST_F(YamlReader, AFaultSaysWhereWhatAndHowToMendIt) {
  const auto document = read("media:\n  workers: 99\n");
  (void)document.root()
      .map({"media"})
      .optional("media")
      .map({"workers"})
      .required("workers")
      .integer(1, 64);
  EXPECT_EQ(to_string(faults),
            "test.yaml:2:12: media.workers: '99' is out of bounds\n"
            "  remedy: write a whole number from 1 to 64\n");
}

TEST_F(YamlReader, SuggestsTheNearestKey) {
  const auto document = read("tranfsers: x\n");
  (void)document.root().map({"policy", "transfers", "jurisdictions"});
  EXPECT_EQ(only_fault().remedy, "did you mean 'transfers'?");
}

TEST_F(YamlReader, ListsTheKeysWhenNoneIsNear) {
  const auto document = read("zzzzzz: x\n");
  (void)document.root().map({"policy", "transfers"});
  EXPECT_EQ(only_fault().remedy, "one of: policy, transfers");
}

TEST_F(YamlReader, SuggestsTheNearestWordOfAnEnumeration) {
  const auto document = read("kind: opg\n");
  EXPECT_EQ(document.root().map({"kind"}).required("kind").one_of<int>({{"rtp", 1}, {"ogg", 2}}),
            std::nullopt);
  EXPECT_EQ(only_fault().remedy, "did you mean 'ogg'?");
}

TEST_F(YamlReader, RefusesAKeyGivenTwice) {
  const auto document = read("media:\n  workers: 1\n  workers: 2\n");
  (void)document.root().map({"media"}).required("media").map({"workers"});
  const Fault fault = only_fault();
  EXPECT_EQ(fault.line, 3U);
  EXPECT_EQ(fault.path, "media.workers");
  EXPECT_THAT(fault.what, HasSubstr("given before"));
}

TEST_F(YamlReader, ASyntaxErrorIsOneFaultAtItsPlaceAndAccusesNothingElse) {
  const auto document = read("media:\n  - a\n bad\n");
  (void)document.root().map({"api"}).required("api").map({"listen"}).required("listen");
  const Fault fault = only_fault();
  EXPECT_EQ(fault.line, 3U);
  EXPECT_THAT(fault.what, HasSubstr("not YAML"));
  EXPECT_FALSE(fault.remedy.empty());
}

TEST_F(YamlReader, AnEmptyFileIsAnEmptyMap) {
  const auto document = read("# nothing yet\n");
  const YamlMap root = document.root().map({"media"});
  EXPECT_TRUE(root.is_present());
  EXPECT_FALSE(root.optional("media").is_present());
  EXPECT_TRUE(faults.empty());
}

TEST_F(YamlReader, ASectionWithEverythingCommentedOutIsEmpty) {
  const auto document = read("sinks:\n#  recorder: x\nmedia:\n");
  const YamlMap root = document.root().map({"sinks", "media"});
  EXPECT_THAT(root.optional("sinks").entries(), IsEmpty());
  EXPECT_FALSE(root.optional("media").map({"workers"}).optional("workers").is_present());
  EXPECT_TRUE(faults.empty());
}

TEST_F(YamlReader, AScalarWithoutAValueIsAFaultNotADefault) {
  const auto document = read("workers:\n");
  EXPECT_EQ(document.root().map({"workers"}).optional("workers").integer(1, 2), std::nullopt);
  EXPECT_THAT(only_fault().what, HasSubstr("no value"));
}

TEST_F(YamlReader, RefusesAnchorsAliasesTagsAndSecondDocuments) {
  (void)read("a: &x 1\nb: *x\nc: !!str 1\n");
  EXPECT_THAT(places(), ElementsAre(HasSubstr("1:"), HasSubstr("2:"), HasSubstr("3:")));
  Faults second;
  (void)YamlDocument::from_text("two.yaml", "a: 1\n---\nb: 2\n", second);
  EXPECT_THAT(to_string(second), HasSubstr("second document"));
}

TEST_F(YamlReader, RefusesABillionLaughs) {
  (void)read("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n");
  EXPECT_FALSE(faults.empty());
}

TEST_F(YamlReader, RefusesDeepNesting) {
  (void)read(std::string(50'000, '[') + std::string(50'000, ']'));
  EXPECT_THAT(only_fault().what, HasSubstr("deeper than 32"));
}

TEST_F(YamlReader, AcceptsTheDeepestNestingAllowed) {
  (void)read(std::string(yaml_depth_max, '[') + std::string(yaml_depth_max, ']'));
  EXPECT_TRUE(faults.empty()) << to_string(faults);
}

TEST_F(YamlReader, RefusesMoreThanOneMebibyte) {
  (void)read(std::string(yaml_file_bytes_max + 1, ' '));
  EXPECT_THAT(only_fault().what, HasSubstr("1 MiB"));
}

TEST_F(YamlReader, RefusesBytesThatAreNotUtf8AtTheirPlace) {
  (void)read("name: ok\nother: \xc3\x28\n");
  EXPECT_EQ(places(), std::vector<std::string>{"2:8 "});
  Faults controls;
  (void)YamlDocument::from_text("c.yaml", std::string_view{"a: \0b", 5}, controls);
  EXPECT_THAT(to_string(controls), HasSubstr("c.yaml:1:4: a control character"));
}

TEST_F(YamlReader, RefusesKeysThatAreNoWords) {
  (void)read("? [a, b]\n: c\n");
  EXPECT_THAT(only_fault().what, HasSubstr("not a word"));
}

TEST_F(YamlReader, ANumberInQuotesOctalOrHexadecimalIsAFault) {
  for (const std::string value : {"'12'", "012", "0x12", "1.5", "1_000", "12 ", "+1", "1e3"}) {
    Faults found;
    const auto document = YamlDocument::from_text("t", "n: " + value + "\n", found);
    const auto number = document.root().map({"n"}).required("n").integer(0, 2000);
    EXPECT_EQ(number.has_value(), value == "12 ") << value;  // trailing blanks are YAML's
    EXPECT_EQ(found.empty(), value == "12 ") << value;
  }
}

TEST_F(YamlReader, BoundsAreInclusive) {
  const auto document = read("a: -5\nb: 5\nc: -6\nd: 99999999999999999999\n");
  const YamlMap root = document.root().map({"a", "b", "c", "d"});
  EXPECT_EQ(root.required("a").integer(-5, 5), -5);
  EXPECT_EQ(root.required("b").integer(-5, 5), 5);
  EXPECT_EQ(root.required("c").integer(-5, 5), std::nullopt);
  EXPECT_EQ(root.required("d").integer(-5, 5), std::nullopt);
  EXPECT_THAT(places(), ElementsAre("3:4 c", "4:4 d"));
}

TEST_F(YamlReader, ADurationNeedsAUnitUnlessItIsZero) {
  const auto document = read("a: 0\nb: 10\nc: 1m\nd: -1s\ne: 9999999999d\nf: 2min\n");
  const YamlMap root = document.root().map({"a", "b", "c", "d", "e", "f"});
  EXPECT_EQ(root.required("a").duration(0s, 1h), 0s);
  for (const auto* key : {"b", "c", "d", "e"}) {
    EXPECT_EQ(root.required(key).duration(0s, 1h), std::nullopt) << key;
  }
  EXPECT_EQ(root.required("f").duration(0s, 1h), 2min);
  EXPECT_EQ(faults.in_order().size(), 4U);
  EXPECT_THAT(faults.in_order()[0].remedy, HasSubstr("from 0us to 1h"));
}

TEST_F(YamlReader, BooleansAreSpelledTrueAndFalse) {
  for (const std::string value : {"yes", "on", "True", "1", "'true'"}) {
    Faults found;
    const auto document = YamlDocument::from_text("t", "b: " + value + "\n", found);
    EXPECT_EQ(document.root().map({"b"}).required("b").boolean(), std::nullopt) << value;
    EXPECT_FALSE(found.empty()) << value;
  }
}

TEST_F(YamlReader, DatesMustBeOnTheCalendar) {
  for (const std::string value : {"2026-02-29", "2026-2-1", "26-02-01", "2026-13-01", "today"}) {
    Faults found;
    const auto document = YamlDocument::from_text("t", "d: " + value + "\n", found);
    EXPECT_EQ(document.root().map({"d"}).required("d").date(), std::nullopt) << value;
    EXPECT_FALSE(found.empty()) << value;
  }
}

TEST_F(YamlReader, IdsAreOneTo64UnreservedCharacters) {
  EXPECT_TRUE(is_id(std::string(64, 'a')));
  EXPECT_FALSE(is_id(std::string(65, 'a')));
  EXPECT_FALSE(is_id(""));
  EXPECT_FALSE(is_id("a/b"));
  EXPECT_FALSE(is_id("caf\xc3\xa9"));
}

TEST_F(YamlReader, TextFaultsDoNotShowTheText) {
  const auto document = read("token: \"canary\\x07canary\"\nlist: canary\n");
  const YamlMap root = document.root().map({"token", "list"});
  EXPECT_EQ(root.required("token").text(), std::nullopt);
  EXPECT_THAT(root.required("list").texts(), IsEmpty());
  EXPECT_EQ(faults.in_order().size(), 2U);
  EXPECT_THAT(to_string(faults), testing::Not(HasSubstr("canary")));
}

TEST_F(YamlReader, EntriesKeepTheFilesOrderAndRefuseBadNames) {
  const auto document = read("z: 1\na: 2\n\"b c\": 3\n");
  std::vector<std::string> names;
  for (const YamlEntry& entry : document.root().entries())
    names.push_back(entry.key);
  EXPECT_THAT(names, ElementsAre("z", "a"));
  EXPECT_EQ(places(), std::vector<std::string>{"3:1 b c"});
}

TEST_F(YamlReader, WrongShapesAreFaultsAtTheValue) {
  const auto document = read("map: [1]\nlist: {a: 1}\nscalar: [1]\nentries: x\n");
  const YamlMap root = document.root().map({"map", "list", "scalar", "entries"});
  EXPECT_FALSE(root.required("map").map({"x"}).is_present());
  EXPECT_THAT(root.required("list").sequence(), IsEmpty());
  EXPECT_EQ(root.required("scalar").text(), std::nullopt);
  EXPECT_THAT(root.required("entries").entries(), IsEmpty());
  EXPECT_EQ(faults.in_order().size(), 4U) << to_string(faults);
}

TEST_F(YamlReader, PathsNameItemsOfLists) {
  const auto document = read("tokens:\n  - role: operator\n  - role: 7up!\n");
  for (const YamlValue& token : document.root().map({"tokens"}).required("tokens").sequence()) {
    (void)token.map({"role"}).required("role").id();
  }
  EXPECT_EQ(only_fault().path, "tokens[1].role");
}

TEST_F(YamlReader, AFileThatCannotBeReadIsAFault) {
  const auto document = YamlDocument::from_file("/nonexistent/assent.yaml", faults);
  EXPECT_FALSE(document.root().is_present());
  EXPECT_THAT(only_fault().what, HasSubstr("No such file"));
  Faults directory;
  (void)YamlDocument::from_file(testing::TempDir(), directory);
  EXPECT_THAT(to_string(directory), HasSubstr("directory"));
}

TEST_F(YamlReader, ReadsFromAFile) {
  const std::string path = testing::TempDir() + "yaml_reader_" + std::to_string(::getpid());
  std::ofstream{path} << "workers: 3\n";
  const auto document = YamlDocument::from_file(path, faults);
  EXPECT_EQ(document.root().map({"workers"}).required("workers").integer(1, 9), 3);
  EXPECT_EQ(document.file(), path);
  std::filesystem::remove(path);
}

TEST_F(YamlReader, KeepsAFloodOfFaultsBounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "unknown" + std::to_string(i) + ": 1\n";
  const auto document = read(text);
  (void)document.root().map({"known"});
  EXPECT_EQ(faults.in_order().size(), Faults::faults_max);
  EXPECT_EQ(faults.left_out(), 800U);
}

std::uint32_t seed() {
  const char* text = std::getenv("ASSENT_SEED");
  return text != nullptr ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)) : 42U;
}

void read_everything(const YamlValue& value) {
  (void)value.integer(0, 100);
  (void)value.boolean();
  (void)value.duration(0s, 1h);
  (void)value.size_bytes(0, 1024);
  (void)value.id();
  (void)value.text();
  (void)value.date();
  (void)value.one_of<int>({{"rtp", 1}});
  (void)value.map({"media", "api"}).required("media");
  if (value.is_map()) {
    for (const YamlEntry& entry : value.entries())
      read_everything(entry.value);
  }
  if (value.is_sequence()) {
    for (const YamlValue& item : value.sequence())
      read_everything(item);
  }
}

// A stand-in for a fuzz target: those link media and policy only.
TEST(YamlReaderProperty, NoTextMakesItThrowOrReadOutOfItsBytes) {
  RecordProperty("ASSENT_SEED", std::to_string(seed()));
  SCOPED_TRACE("ASSENT_SEED=" + std::to_string(seed()));
  std::mt19937 random{seed()};
  const std::vector<std::string> sound{
      "media:\n  workers: 2\n  port_range: {first: 40000, last: 49999}\napi: [a, 'b', \"c\"]\n",
      "sinks:\n  recorder:\n    kind: ogg\n    directory: |\n      /var/lib\n",
      "a: &x {b: *x}\n? k\n: v\n--- !!map\nq: \"\\u00e9\\x41\" # c\n...\n%YAML 1.2\n"};
  const std::string_view alphabet = "{}[]:,-?&*!|>'\"%@`#\n \t\\~<=ab0\xc3\xa9\xff\x01";
  for (int round = 0; round < 20'000; ++round) {
    std::string text = sound[random() % sound.size()];
    for (auto edits = 1 + random() % 8; edits != 0; --edits) {
      const auto at = random() % (text.size() + 1);
      const auto count = std::min<std::size_t>(text.size() - at, random() % 6);
      text.replace(at, count, std::string(random() % 3, alphabet[random() % alphabet.size()]));
    }
    Faults faults;
    const auto document = YamlDocument::from_text("mutant.yaml", text, faults);
    ASSERT_NO_THROW(read_everything(document.root())) << text;
    if (!document.root().is_present()) {
      ASSERT_FALSE(faults.empty()) << text;
    }
  }
}

}  // namespace
}  // namespace assent::gateway
