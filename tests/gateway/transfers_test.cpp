#include "gateway/transfers.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "gateway/chain_walk.hpp"
#include "gateway/svg.hpp"
#include "gateway/transfers_picture.hpp"

namespace assent::gateway {
namespace {

using namespace std::chrono_literals;

constexpr WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 11 / 26} + 12h};

CdrTransfer way(std::string importer, std::string from, std::string to, std::string mechanism,
                std::uint64_t bytes) {
  CdrTransfer transfer;
  transfer.exporter = "assent";
  transfer.importer = std::move(importer);
  transfer.role = "sub_processor";
  transfer.from = std::move(from);
  transfer.via = "DE";
  transfer.to = std::move(to);
  if (mechanism == "none") transfer.reason = "transfer_no_mechanism";
  transfer.mechanism = std::move(mechanism);
  transfer.row = transfer.reason.empty() ? "row of " + transfer.mechanism : "";
  transfer.purpose = "recording";
  transfer.first = noon;
  transfer.last = noon + 60s;
  transfer.milliseconds = 60'000;
  transfer.packets = bytes / 100;
  transfer.bytes = bytes;
  return transfer;
}

CdrEntry call(const std::string& subject, std::vector<CdrTransfer> transfers) {
  Cdr cdr;
  cdr.kind = CdrKind::stop;
  cdr.cause = CauseForClosing::participant_left;
  cdr.session = "session";
  cdr.room = "standup";
  cdr.participant = "participant of " + subject;
  cdr.subject = subject;
  cdr.transfers = std::move(transfers);
  return to_entry(cdr);
}

TransferReport report_of(const std::vector<CdrEntry>& calls, TransferGrouping grouping,
                         TransferFilter filter = {}) {
  TransferTotals totals{std::move(filter), grouping};
  for (const auto& one : calls)
    totals.add(one);
  return totals.finish();
}

const std::vector<CdrEntry> two_calls = {call("s-ann", {way("cloud", "NL", "US-CA", "dpf", 1'000),
                                                        way("cloud", "NL", "IN", "scc", 500)}),
                                         call("s-ben", {way("cloud", "NL", "US-CA", "dpf", 3'000),
                                                        way("lab", "GB", "IN", "none", 200)})};

TEST(Transfers, OfTheSameWayAreAddedUpAndUnlawfulOnesComeFirst) {
  const auto report = report_of(two_calls, TransferGrouping::paths);
  ASSERT_EQ(report.groups.size(), 3U);
  EXPECT_FALSE(report.groups[0].is_lawful());
  EXPECT_EQ(report.groups[0].way.importer, "lab");
  EXPECT_EQ(report.groups[1].way.bytes, 4'000U);
  EXPECT_EQ(report.groups[1].calls, 2U);
  EXPECT_EQ(report.groups[1].way.milliseconds, 120'000U);
  EXPECT_EQ(report.all.way.bytes, 4'700U);
  EXPECT_EQ(report.all.calls, 2U);
  EXPECT_EQ(report.unlawful_bytes, 200U);
}

TEST(Transfers, AreGroupedAsAsked) {
  const auto sizes = [](TransferGrouping grouping) {
    return report_of(two_calls, grouping).groups.size();
  };
  EXPECT_EQ(sizes(TransferGrouping::subject), 3U);  // of ben's some is unlawful
  EXPECT_EQ(sizes(TransferGrouping::processor), 2U);
  EXPECT_EQ(sizes(TransferGrouping::mechanism), 3U);
  EXPECT_EQ(sizes(TransferGrouping::countries), 3U);
  const auto countries = report_of(two_calls, TransferGrouping::countries);
  EXPECT_EQ(countries.groups[1].way.to, "US");
  EXPECT_EQ(countries.groups[1].way.importer, "");
  const auto subjects = report_of(two_calls, TransferGrouping::subject);
  EXPECT_EQ(subjects.groups[0].subject, "s-ben");
  EXPECT_EQ(subjects.groups[0].way.mechanism, "none");
}

TEST(Transfers, AreFilteredAsAsked) {
  const auto bytes = [](TransferFilter filter) {
    return report_of(two_calls, TransferGrouping::paths, std::move(filter)).all.way.bytes;
  };
  EXPECT_EQ(bytes({.processor = "lab"}), 200U);
  EXPECT_EQ(bytes({.mechanism = "scc"}), 500U);
  EXPECT_EQ(bytes({.from = "GB"}), 200U);
  EXPECT_EQ(bytes({.to = "US"}), 4'000U);  // with its regions
  EXPECT_EQ(bytes({.to = "US-NY"}), 0U);
  EXPECT_EQ(bytes({.since = noon + 60s}), 4'700U);  // it lasted until then
  EXPECT_EQ(bytes({.since = noon + 61s}), 0U);
  EXPECT_EQ(bytes({.until = noon}), 0U);
  EXPECT_EQ(bytes({.until = noon + 1ms}), 4'700U);
}

TEST(Transfers, BeyondAsManyGroupsAsAreToldApartAreAddedUpInOne) {
  TransferTotals totals{{}, TransferGrouping::subject};
  for (std::size_t i = 0; i < transfer_groups_max + 5; ++i)
    totals.add(call("s-" + std::to_string(i), {way("cloud", "NL", "US", "dpf", 10)}));
  const auto report = totals.finish();
  EXPECT_EQ(report.groups.size(), transfer_groups_max);
  ASSERT_TRUE(report.others);
  EXPECT_EQ(report.others->way.bytes, 50U);
  EXPECT_EQ(report.all.way.bytes, 10 * (transfer_groups_max + 5));
}

TEST(Transfers, InARecordThatCannotBeReadAreCountedAsSuch) {
  CdrEntry torn = two_calls[0];
  torn.json.resize(torn.json.size() / 2);
  EXPECT_EQ(report_of({torn}, TransferGrouping::paths).unreadable, 1U);
  EXPECT_NE(transfers_table(report_of({torn}, TransferGrouping::paths)).find("could not be read"),
            std::string::npos);
}

TEST(TransfersTable, SaysWhatIsUnlawfulAndMovesNoCursor) {
  const auto text = transfers_table(report_of(
      {call("s", {way("evil\x1b[2J", "NL", "US", "none", 1'200)})}, TransferGrouping::paths));
  EXPECT_NE(text.find("NO "), std::string::npos) << text;
  EXPECT_NE(text.find("evil?[2J"), std::string::npos) << text;
  EXPECT_NE(text.find("1.2 kB of it without a valid mechanism"), std::string::npos) << text;
  EXPECT_NE(transfers_table(report_of({}, TransferGrouping::paths)).find("No transfers match"),
            std::string::npos);
}

// RFC 4180, and what spreadsheets make of cells.
TEST(TransfersCsv, QuotesWhatNeedsItAndDefusesFormulas) {
  const auto csv_of = [](const std::string& subject) {
    return transfers_csv(report_of({call(subject, {way("cloud", "NL", "US", "dpf", 10)})},
                                   TransferGrouping::subject));
  };
  EXPECT_TRUE(csv_of("s-ann").starts_with("lawful,subject,exporter,"));
  EXPECT_NE(csv_of("s-ann").find("\r\nyes,s-ann,"), std::string::npos);
  EXPECT_NE(csv_of("a,b").find("yes,\"a,b\","), std::string::npos);
  EXPECT_NE(csv_of("a\"b").find("yes,\"a\"\"b\","), std::string::npos);
  EXPECT_NE(csv_of("a\r\nb").find("yes,\"a\r\nb\","), std::string::npos);
  for (const std::string formula : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1",
                                    "\xEF\xBC\x9D"
                                    "1"})
    EXPECT_NE(csv_of(formula).find("yes,\"'" + formula), std::string::npos) << csv_of(formula);
  EXPECT_TRUE(csv_of("s-ann").ends_with("\r\n"));
}

TEST(TransfersJson, HasEverythingByItsName) {
  TransferFilter filter;
  filter.to = "US";
  const auto value =
      boost::json::parse(transfers_json(report_of(two_calls, TransferGrouping::paths, filter)));
  EXPECT_EQ(value.at("filter").at("to").as_string(), "US");
  const auto& group = value.at("transfers").at(0);
  EXPECT_TRUE(group.at("lawful").as_bool());
  EXPECT_EQ(group.at("mechanism").as_string(), "dpf");
  EXPECT_EQ(group.at("row").as_string(), "row of dpf");
  EXPECT_EQ(group.at("seconds").to_number<double>(), 120);
  EXPECT_EQ(group.at("bytes").to_number<int>(), 4'000);
  EXPECT_EQ(value.at("all").at("unlawful_bytes").to_number<int>(), 0);
}

// Well formed as far as it matters here: every element that is opened is closed.
bool is_balanced(std::string_view svg) {
  std::vector<std::string> open;
  for (std::size_t at = svg.find('<'); at != svg.npos; at = svg.find('<', at + 1)) {
    const std::size_t end = svg.find('>', at);
    if (end == svg.npos) return false;
    const auto inside = svg.substr(at + 1, end - at - 1);
    const std::string name{inside.substr(
        inside[0] == '/' ? 1 : 0, inside.find_first_of(" /", 1) - (inside[0] == '/' ? 1 : 0))};
    if (inside[0] == '/') {
      if (open.empty() || open.back() != name) return false;
      open.pop_back();
    } else if (!inside.ends_with('/')) {
      open.push_back(name);
    }
  }
  return open.empty();
}

TEST(TransfersPicture, NamesWhatIsUnlawfulAndMarksItNotByColourAlone) {
  const auto svg =
      transfers_picture(report_of(two_calls, TransferGrouping::paths), TransferNames{}, noon);
  EXPECT_TRUE(is_balanced(svg)) << svg;
  EXPECT_NE(svg.find("200 bytes not covered (4 %)"), std::string::npos);
  EXPECT_NE(svg.find("url(#unlawful)"), std::string::npos);
  EXPECT_NE(svg.find("stroke-dasharray"), std::string::npos);
  EXPECT_NE(svg.find("No valid mechanism"), std::string::npos);
  EXPECT_NE(svg.find("none for this country"), std::string::npos);
  EXPECT_NE(svg.find("26 November 2026"), std::string::npos);
  EXPECT_NE(svg.find("EU-US Data Privacy Framework"), std::string::npos);
  const auto lawful =
      transfers_picture(report_of({two_calls[0]}, TransferGrouping::paths), TransferNames{}, noon);
  EXPECT_NE(lawful.find("All of it is covered"), std::string::npos);
}

TEST(TransfersPicture, RunsNothingWhateverTheNamesAre) {
  TransferNames names;
  names.processors["cloud"] = "<script>alert('x')</script> & \"co\" \x01 \xff";
  names.places["NL"] = "]]>&lt;";
  const auto svg = transfers_picture(report_of(two_calls, TransferGrouping::paths), names, noon);
  EXPECT_TRUE(is_balanced(svg)) << svg;
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find('\x01'), std::string::npos);
  EXPECT_EQ(svg.find('\xff'), std::string::npos);
  EXPECT_EQ(svg.find("href"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;"), std::string::npos);
}

TEST(TransfersPicture, ShowsEveryUnlawfulImporterHoweverManyThereAre) {
  std::vector<CdrTransfer> ways;
  for (int i = 0; i < 60; ++i)
    ways.push_back(way("importer-" + std::to_string(i), "NL", "US", i % 2 == 0 ? "dpf" : "none",
                       1'000 + static_cast<std::uint64_t>(i)));
  const auto svg = transfers_picture(report_of({call("s", ways)}, TransferGrouping::paths),
                                     TransferNames{}, noon);
  EXPECT_TRUE(is_balanced(svg));
  for (int i = 1; i < 60; i += 2)
    EXPECT_NE(svg.find(">importer-" + std::to_string(i) + "<"), std::string::npos) << i;
  EXPECT_NE(svg.find("30 others"), std::string::npos);
}

TEST(TransfersPicture, OfNothingSaysSo) {
  const auto svg = transfers_picture(report_of({}, TransferGrouping::paths), {}, noon);
  EXPECT_TRUE(is_balanced(svg));
  EXPECT_NE(svg.find("No transfers match"), std::string::npos);
}

TEST(SvgText, IsShortenedToFitByWholeCharacters) {
  EXPECT_EQ(fitted("short", 100, 10), "short");
  EXPECT_EQ(fitted("ååååååååååååååååååååå", 60, 10).substr(0, 2), "å");
  EXPECT_TRUE(fitted("ååååååååååååååååååååå", 60, 10).ends_with("å\xE2\x80\xA6"));
  EXPECT_LE(text_width(fitted(std::string(500, 'W'), 200, 14), 14), 200);
  EXPECT_EQ(svg_number(1.005), "1");
  EXPECT_EQ(svg_number(-2.5), "-2.5");
  EXPECT_EQ(svg_number(1234.56), "1234.56");
}

TEST(Bytes, AreToldInWords) {
  EXPECT_EQ(bytes_in_words(0), "0 bytes");
  EXPECT_EQ(bytes_in_words(999), "999 bytes");
  EXPECT_EQ(bytes_in_words(1'000), "1.0 kB");
  EXPECT_EQ(bytes_in_words(12'345'678), "12 MB");
  EXPECT_EQ(bytes_in_words(9'400'000'000), "9.4 GB");
}

CdrEntry entry(std::int64_t id, const std::string& session, const std::string& participant) {
  CdrEntry made;
  made.id = RecordId{id};
  made.session = session;
  made.participant = participant;
  return made;
}

TEST(ChainWalk, HasACallThatEndsMeanwhileOnce) {
  ChainQuery first;
  first.limit = 2;
  ChainWalk walk{first};
  EXPECT_FALSE(walk.next()->open);
  EXPECT_EQ(walk.take({entry(5, "s1", "ann"), entry(6, "s1", "ben")}).size(), 2U);
  EXPECT_EQ(walk.next()->after, RecordId{6});
  EXPECT_EQ(walk.take({entry(9, "s2", "ann")}).size(), 1U);
  ASSERT_TRUE(walk.next()->open);
  EXPECT_EQ(walk.take({entry(3, "s3", "ann"), entry(4, "s3", "ben")}).size(), 2U);
  EXPECT_EQ(walk.next()->after_session, "s3");
  EXPECT_EQ(walk.next()->after_participant, "ben");
  EXPECT_EQ(walk.take({}).size(), 0U);
  ASSERT_FALSE(walk.next()->open);
  EXPECT_EQ(walk.next()->after, RecordId{9});
  // One that was open when it was read, and one that ended between the two.
  const auto since = walk.take({entry(11, "s3", "ben"), entry(12, "s4", "ann")});
  ASSERT_EQ(since.size(), 1U);
  EXPECT_EQ(since[0].session, "s4");
  walk.take({});
  EXPECT_FALSE(walk.next());
}

}  // namespace
}  // namespace assent::gateway
