// `exports:` of assent.yaml.
#include "gateway/exports_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config.hpp"
#include "gateway/policy_of_config.hpp"
#include "tests/gateway/cdr_samples.hpp"

namespace assent::gateway {
namespace {

using testing::HasSubstr;

class ExportsConfig : public testing::Test {
 protected:
  std::vector<ExportConfig> read(const std::string& lines) {
    const Surroundings elsewhere{"/var/lib/assent", 2, LogFormat::json, false};
    config = load_config("assent.yaml", "exports:\n" + lines, elsewhere, faults);
    return config.exports;
  }
  // What the built-in policy says of it.
  std::string judged(const std::string& lines) {
    read(lines);
    EXPECT_TRUE(faults.empty()) << to_string(faults);
    (void)policy_of_config(config, test::noon, faults);
    return to_string(faults);
  }
  std::string only_fault() const {
    EXPECT_EQ(faults.in_order().size(), 1U) << to_string(faults);
    return to_string(faults);
  }
  Config config;
  Faults faults;
};

TEST_F(ExportsConfig, ReadsEveryKind) {
  const auto exports = read(
      "  - {name: a, kind: file, jurisdiction: NL, directory: /srv/a, form: csv, records: all, "
      "rooms: [\"x-*\", y]}\n"
      "  - {name: b, kind: webhook, processor: hosting, jurisdiction: DE, "
      "url: \"https://b.example/x\", secret_file: /etc/b}\n"
      "  - {name: c, kind: hep, jurisdiction: DE, address: \"192.0.2.9:9060\", transport: tcp, "
      "capture_id: 4294967295}\n");
  ASSERT_TRUE(faults.empty()) << to_string(faults);
  ASSERT_EQ(exports.size(), 3U);
  EXPECT_EQ(std::get<FileExport>(exports[0].to).form, CdrForm::csv);
  EXPECT_TRUE(exports[0].interim);
  EXPECT_TRUE(exports[0].wants_room("x-1"));
  EXPECT_TRUE(exports[0].wants_room("y"));
  EXPECT_FALSE(exports[0].wants_room("y1"));
  EXPECT_EQ(exports[1].kind(), "webhook");
  EXPECT_EQ(std::get<WebhookExport>(exports[1].to).receiver.name, "b");
  EXPECT_FALSE(exports[1].interim);
  EXPECT_TRUE(exports[1].wants_room("any"));
  const auto& hep = std::get<HepExport>(exports[2].to);
  EXPECT_EQ(hep.transport, HepTransport::tcp);
  EXPECT_EQ(hep.capture_id, 4'294'967'295U);
}

TEST_F(ExportsConfig, AJurisdictionIsRequired) {
  read("  - {name: a, kind: file, directory: /srv/a}\n");
  EXPECT_THAT(only_fault(), HasSubstr("jurisdiction"));
}

TEST_F(ExportsConfig, KeysFitTheKind) {
  read("  - {name: a, kind: file, jurisdiction: NL, directory: /srv/a, address: \"1.2.3.4:5\"}\n");
  EXPECT_THAT(only_fault(), HasSubstr("an export of kind file has none"));
}

TEST_F(ExportsConfig, VconsAreNotForTargetsThatGetRecordsOneByOne) {
  read("  - {name: a, kind: file, jurisdiction: NL, directory: /srv/a, form: vcon}\n");
  EXPECT_THAT(only_fault(), HasSubstr("assent cdrs"));
}

TEST_F(ExportsConfig, AFormFitsTheRecordsThatItIsMadeOf) {
  const std::string start = "  - {name: a, kind: file, jurisdiction: NL, directory: /srv/a, ";
  read(start + "form: cel}\n");
  EXPECT_THAT(only_fault(), HasSubstr("records: all"));
  faults = {};
  read(start + "form: freeswitch, records: all}\n");
  EXPECT_THAT(only_fault(), HasSubstr("records: last"));
  faults = {};
  read(start + "form: cel, records: all}\n");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
  read(start + "form: freeswitch}\n");
  EXPECT_TRUE(faults.empty()) << to_string(faults);
}

TEST_F(ExportsConfig, NoneWritesWhereTheGatewayKeepsItsOwn) {
  for (const char* own : {"/srv/cdr", "/srv/ledger", "/srv/tapes"}) {
    faults = {};
    std::string lines = "  - {name: a, kind: file, jurisdiction: NL, directory: ";
    lines += own;
    lines +=
        "/./}\nstorage: {cdr_directory: /srv/cdr}\nledger: {directory: /srv/ledger}\n"
        "sinks: {recorder: {kind: ogg, directory: /srv/tapes/}}\n";
    read(lines);
    EXPECT_THAT(only_fault(), HasSubstr("a folder of its own")) << own;
    EXPECT_THAT(to_string(faults), HasSubstr("assent.yaml:2:5"));
  }
}

TEST_F(ExportsConfig, NoTwoHaveOneNameOrOneFolder) {
  read(
      "  - {name: a, kind: file, jurisdiction: NL, directory: /srv/a}\n"
      "  - {name: a, kind: file, jurisdiction: NL, directory: /srv/b}\n");
  EXPECT_THAT(only_fault(), HasSubstr("name of its own"));
  faults = {};
  read(
      "  - {name: a, kind: file, jurisdiction: NL, directory: /srv/a}\n"
      "  - {name: b, kind: file, jurisdiction: NL, directory: /srv/./a}\n");
  EXPECT_THAT(only_fault(), HasSubstr("folder of its own"));
}

TEST_F(ExportsConfig, RoomsAndAddressesAreWhatTheyAre) {
  read("  - {name: a, kind: file, jurisdiction: NL, directory: /srv/a, rooms: [\"a b\"]}\n");
  EXPECT_THAT(only_fault(), HasSubstr("names no room"));
  faults = {};
  read("  - {name: c, kind: hep, jurisdiction: DE, address: homer.example}\n");
  EXPECT_THAT(only_fault(), HasSubstr("in numbers"));
  faults = {};
  read(
      "  - {name: b, kind: webhook, jurisdiction: DE, url: \"http://b.example/\", "
      "secret_file: /etc/b}\n");
  EXPECT_THAT(only_fault(), HasSubstr("unencrypted"));
}

// Rows 8 to 15: a target that could never get anything is a mistake, and told with its line.
TEST_F(ExportsConfig, Row08To15WhatThePolicyNeverShowsIsAFaultOfItsLine) {
  const std::string rest = ", kind: file, directory: /srv/a, ";
  EXPECT_THAT(judged("  - {name: a" + rest + "processor: card-processor, jurisdiction: US}\n"),
              HasSubstr("assent.yaml:2:5"));
  faults = {};
  EXPECT_THAT(judged("  - {name: a" + rest + "processor: analytics-service, jurisdiction: US}\n"),
              HasSubstr("no call detail records"));
  faults = {};
  EXPECT_THAT(judged("  - {name: a" + rest + "processor: customer-management, jurisdiction: US}\n"),
              HasSubstr("names no rooms"));
  faults = {};
  EXPECT_THAT(judged("  - {name: a" + rest + "processor: nobody, jurisdiction: US}\n"),
              HasSubstr("does not declare"));
  faults = {};
  EXPECT_THAT(judged("  - {name: a" + rest + "processor: hosting, jurisdiction: CH}\n"),
              HasSubstr("may not work"));
  faults = {};
  EXPECT_THAT(judged("  - {name: a" + rest + "jurisdiction: ZZ}\n"), HasSubstr("nothing is known"));
  faults = {};
  EXPECT_EQ(judged("  - {name: a" + rest + "processor: hosting, jurisdiction: IE}\n"), "");
}

TEST_F(ExportsConfig, Row08To15TheDailyFilesAreForNobodyWhoIsShownLessThanWholeRecords) {
  const auto kept_by = [&](const std::string& processor) {
    faults = {};
    return judged(
        "  - {name: a, kind: file, directory: /srv/a, jurisdiction: NL}\n"
        "storage: {cdr_directory: /srv/cdr, cdr_jurisdiction: US, cdr_processor: " +
        processor + "}\n");
  };
  EXPECT_THAT(kept_by("customer-management"), HasSubstr("less than that"));
  EXPECT_THAT(kept_by("analytics-service"), HasSubstr("less than that"));
  EXPECT_EQ(kept_by("hosting"), "");
}

TEST_F(ExportsConfig, OfAProcessorRecordsNeedTheirCategoryAndNoOwnUse) {
  // In policy.yaml.
  std::string text{policy_texts({}, faults).policy.text};
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    PolicyTexts texts = policy_texts({}, faults);
    texts.policy.text = changed;
    Faults found;
    (void)read_policy(std::move(texts), test::noon, found);
    return to_string(found);
  };
  EXPECT_EQ(with("records: conference", "records: none"), "");
  EXPECT_THAT(with("records: conference", "records: all"), HasSubstr("is not possible here"));
  EXPECT_THAT(with("records: aggregates", "records: full"), HasSubstr("aggregates or none"));
  EXPECT_THAT(with("    countries: [US, CA]\n    own_use: false\n    media_path: false\n",
                   "    countries: [US, CA]\n    own_use: false\n    media_path: false\n"
                   "    records: full\n"),
              HasSubstr("is not engaged for call detail records"));
}

}  // namespace
}  // namespace assent::gateway
