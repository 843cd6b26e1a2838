// Call detail records in the forms that other programs read. tests/interop/cdrs_test reads them
// with other programs' readers.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <sstream>

#include "gateway/cdr_form.hpp"
#include "gateway/cdrs_parameters.hpp"
#include "gateway/name_uuid.hpp"
#include "gateway/pseudonym.hpp"
#include "gateway/sha256.hpp"
#include "tests/gateway/cdr_samples.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;
using test::noon;
using test::sample_call;

std::string written(CdrForm form, const std::vector<Cdr>& records) {
  const auto writer = make_cdr_writer(form, "our-gateway");
  std::string text;
  writer->begin(text);
  for (const auto& cdr : records)
    writer->add(cdr, text);
  writer->finish(text);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

// RFC 4180, read by the letter.
std::vector<std::vector<std::string>> cells_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1, std::vector<std::string>(1));
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      rows.back().back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      rows.back().emplace_back();
    } else if (!quoted && c == '\n') {
      rows.emplace_back(1);
    } else if (quoted || c != '\r') {
      rows.back().back() += c;
    }
  }
  rows.pop_back();
  return rows;
}

TEST(CdrForms, OfJsonLinesARecordEachThatIsReadBackAsItWas) {
  const auto records = sample_call("standup", "ann");
  const auto lines = lines_of(written(CdrForm::lines, records));
  ASSERT_EQ(lines.size(), records.size());
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_EQ(to_json(parse_cdr(lines[i]).value()), to_json(records[i]));
}

TEST(CdrForms, OfCsvOneRowARecordWithTotalsUnderTheirNames) {
  const auto rows = cells_of(written(CdrForm::csv, sample_call("standup", "ann")));
  ASSERT_EQ(rows.size(), 6U);
  for (const auto& row : rows)
    EXPECT_EQ(row.size(), rows[0].size());
  const auto cell = [&](std::size_t row, std::string_view title) {
    const auto at = std::find(rows[0].begin(), rows[0].end(), title);
    return at == rows[0].end() ? "no such column"
                               : rows[row][static_cast<std::size_t>(at - rows[0].begin())];
  };
  EXPECT_EQ(cell(4, "kind"), "stop");
  EXPECT_EQ(cell(4, "participant"), "ann");
  EXPECT_EQ(cell(4, "cause_for_closing"), "participant_left");
  EXPECT_EQ(cell(4, "seconds"), "119.000");
  EXPECT_EQ(cell(4, "jurisdictions"), "DE NL");
  EXPECT_EQ(cell(4, "consents"), "recording=granted");
  EXPECT_EQ(cell(4, "client_packets"), "100");
  EXPECT_EQ(cell(4, "delivered"), "secret-of-sink=180");
  EXPECT_EQ(cell(5, "participant"), "");
  EXPECT_EQ(cell(5, "seconds"), "180.000");
}

TEST(CdrForms, OfCsvNothingThatASpreadsheetWouldRun) {
  auto records = sample_call("standup", "ann");
  records[3].legs[0].carrier = "=HYPERLINK(\"http://evil\")";
  const auto text = written(CdrForm::csv, records);
  EXPECT_EQ(text.find(",="), std::string::npos);
  EXPECT_NE(text.find("\"'=HYPERLINK(\"\"http://evil\"\")"), std::string::npos);
}

TEST(CdrForms, OfCelTheEventsOfAChannelInTheColumnsOfAsterisk) {
  const auto rows = cells_of(written(CdrForm::cel, sample_call("standup", "ann")));
  std::vector<std::string> types;
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 20U);
    types.push_back(row[0]);
    EXPECT_EQ(row[7], "standup");              // exten
    EXPECT_EQ(row[15], "session-of-standup");  // linkedid
  }
  EXPECT_EQ(types, (std::vector<std::string>{"CHAN_START", "ANSWER", "BRIDGE_ENTER", "USER_DEFINED",
                                             "BRIDGE_EXIT", "HANGUP", "CHAN_END", "LINKEDID_END"}));
  EXPECT_EQ(rows[0][1], "1795694401.000000");  // 2026-11-26T12:00:01Z
  EXPECT_EQ(rows[3][18], "CONSENT_CHANGE");
  EXPECT_EQ(json::parse(rows[3][19]).at("consents").at("recording").as_string(), "granted");
  EXPECT_EQ(json::parse(rows[5][19]).at("hangupcause").to_number<int>(), 16);
  EXPECT_EQ(rows[0][14], rows[6][14]);  // uniqueid
  EXPECT_NE(rows[0][14], rows[7][14]);
}

TEST(CdrForms, OfFreeSwitchOneObjectForACallThatHasEnded) {
  const auto lines = lines_of(written(CdrForm::freeswitch, sample_call("standup", "ann")));
  ASSERT_EQ(lines.size(), 1U);
  const auto call = json::parse(lines[0]);
  EXPECT_EQ(call.at("switchname").as_string(), "our-gateway");
  const auto& variables = call.at("variables");
  EXPECT_EQ(variables.at("duration").as_string(), "119");
  EXPECT_EQ(variables.at("start_epoch").as_string(), "1795694401");
  EXPECT_EQ(variables.at("end_stamp").as_string(), "2026-11-26 12:02:00");
  EXPECT_EQ(variables.at("hangup_cause").as_string(), "NORMAL_CLEARING");
  EXPECT_EQ(variables.at("conference_name").as_string(), "standup");
  EXPECT_EQ(variables.at("rtp_audio_in_packet_count").as_string(), "100");
  for (const auto& [name, value] : variables.as_object())
    EXPECT_TRUE(value.is_string()) << name;
  const auto& flow = call.at("callflow").as_array().at(0);
  EXPECT_EQ(flow.at("caller_profile").at("username").as_string(), "ann");
  EXPECT_EQ(flow.at("times").at("hangup_time").as_string(), "1795694520000000");
}

TEST(CdrForms, OfFreeSwitchLinesOfOneMediumAreAddedUp) {
  auto records = sample_call("standup", "ann");
  records[3].legs.push_back(records[3].legs[0]);
  const auto call = json::parse(lines_of(written(CdrForm::freeswitch, records)).at(0));
  EXPECT_EQ(call.at("variables").at("rtp_audio_in_packet_count").as_string(), "200");
  EXPECT_EQ(call.at("variables").at("rtp_audio_out_packet_count").as_string(), "100");
  const auto& audio = call.at("callStats").at("audio");
  EXPECT_EQ(audio.at("inbound").at("media_bytes").to_number<int>(), 20'000);
}

TEST(CdrForms, OfVconOneForEachHoldingOfARoomWithWhoWasThereWhen) {
  auto records = sample_call("standup", "ann");
  auto others = sample_call("retro", "ben");
  std::vector<Cdr> mixed;  // two rooms at the same time
  for (std::size_t i = 0; i < records.size(); ++i)
    mixed.insert(mixed.end(), {records[i], others[i]});
  const auto lines = lines_of(written(CdrForm::vcon, mixed));
  ASSERT_EQ(lines.size(), 2U);
  const auto vcon = json::parse(lines[0]);
  EXPECT_EQ(vcon.at("vcon").as_string(), "0.4.0");
  EXPECT_EQ(vcon.at("subject").as_string(), "standup");
  EXPECT_EQ(vcon.at("created_at").as_string(), "2026-11-26T12:00:00.000Z");
  EXPECT_EQ(vcon.at("parties").as_array().size(), 1U);
  EXPECT_EQ(vcon.at("parties").at(0).at("uuid").as_string(), "s-ann");
  const auto& dialog = vcon.at("dialog").at(0);
  EXPECT_EQ(dialog.at("duration").to_number<double>(), 180);
  ASSERT_EQ(dialog.at("party_history").as_array().size(), 2U);
  EXPECT_EQ(dialog.at("party_history").at(0).at("event").as_string(), "join");
  EXPECT_EQ(dialog.at("party_history").at(1).at("time").as_string(), "2026-11-26T12:02:00.000Z");
  EXPECT_NE(vcon.at("uuid"), json::parse(lines[1]).at("uuid"));
  EXPECT_EQ(lines_of(written(CdrForm::vcon, records))[0], lines[0]);  // the same when asked again
}

TEST(CdrForms, OfVconWhoComesAgainWasThereBefore) {
  auto records = sample_call("standup", "ann");
  const auto room_stop = records.back();
  records.pop_back();
  for (std::size_t i = 1; i <= 3; ++i) {
    Cdr again = records[i];
    again.record_seq += 3;
    again.opened = noon + std::chrono::seconds{130};
    again.at = i == 3 ? noon + std::chrono::seconds{150} : again.opened;
    records.push_back(std::move(again));
  }
  records.push_back(room_stop);
  const auto lines = lines_of(written(CdrForm::vcon, records));
  ASSERT_EQ(lines.size(), 1U);
  const auto vcon = json::parse(lines[0]);
  ASSERT_EQ(vcon.at("parties").as_array().size(), 2U);
  EXPECT_EQ(vcon.at("parties").at(0).at("uuid"), vcon.at("parties").at(1).at("uuid"));
  EXPECT_EQ(vcon.at("dialog").at(0).at("party_history").as_array().size(), 4U);
}

TEST(CdrForms, OfVconWhoWasErasedIsNobodyAndNotTheSameNobody) {
  auto records = sample_call("standup", "erased-0123");
  for (auto& cdr : records)
    if (!cdr.participant.empty()) cdr.subject = erased_subject;
  const auto vcon = json::parse(lines_of(written(CdrForm::vcon, records)).at(0));
  EXPECT_EQ(vcon.at("parties").at(0).at("uuid").as_string(), "erased-0123");
}

TEST(CdrForms, OfVconEveryConsentIsALawfulBasisAsItStands) {
  auto records = sample_call("standup", "ann");
  records[3].consents.push_back(records[3].consents[0]);
  records[3].consents[1].purpose = "transcription";
  records[3].consents[1].state = "withdrawn";
  const auto vcon = json::parse(lines_of(written(CdrForm::vcon, records)).at(0));
  std::map<std::string, json::value> bases;
  for (const auto& attachment : vcon.at("attachments").as_array())
    if (attachment.at("purpose").as_string() == "lawful_basis") {
      const auto& body = attachment.at("body");
      bases[std::string(body.at("purpose_grants").at(0).at("purpose").as_string())] = body;
    }
  ASSERT_EQ(bases.size(), 2U);
  const auto& granted = bases.at("recording");
  EXPECT_EQ(granted.at("lawful_basis").as_string(), "consent");
  EXPECT_EQ(granted.at("expiration").as_string(), "2026-11-26T13:00:00.000Z");
  EXPECT_TRUE(granted.at("purpose_grants").at(0).at("granted").as_bool());
  EXPECT_EQ(granted.at("proof_mechanisms").at(0).at("proof_data").at("receipt").as_string(),
            "secret-of-receipt");
  const auto& withdrawn = bases.at("transcription");
  EXPECT_FALSE(withdrawn.at("purpose_grants").at(0).at("granted").as_bool());
  EXPECT_TRUE(withdrawn.at("proof_mechanisms").as_array().empty());
}

TEST(CdrForms, OfVconRoomsThatAreStillOpenComeAsTheyAre) {
  auto records = sample_call("standup", "ann");
  records.resize(3);
  const auto lines = lines_of(written(CdrForm::vcon, records));
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_FALSE(json::parse(lines[0]).at("dialog").at(0).as_object().contains("duration"));
}

TEST(CdrForms, OfVconMemoryDoesNotGrowWithRoomsThatNeverClose) {
  const auto writer = make_cdr_writer(CdrForm::vcon, "our-gateway");
  std::string text;
  Cdr cdr = sample_call("standup", "ann")[1];
  for (int i = 0; i < 20'500; ++i) {
    cdr.session = "session-" + std::to_string(i);
    writer->add(cdr, text);
  }
  EXPECT_EQ(lines_of(text).size(), 500U);
  writer->finish(text);
  EXPECT_EQ(lines_of(text).size(), 20'500U);
}

TEST(CdrForms, NameUuidsAreOfVersion8AndCarryTheirTime) {
  const auto uuid = name_uuid("name", noon);
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid.substr(0, 13), "01a217ba-1200");
  EXPECT_EQ(uuid[14], '8');
  EXPECT_NE(std::string_view{"89ab"}.find(uuid[19]), std::string_view::npos);
  EXPECT_EQ(uuid, name_uuid("name", noon));
  EXPECT_NE(uuid, name_uuid("another name", noon));
}

TEST(CdrForms, AreAskedForByAcceptTooByItsFirstMediaTypeThatThereIs) {
  EXPECT_EQ(cdr_form_accepted("text/csv"), "csv");
  EXPECT_EQ(cdr_form_accepted("text/html, application/x-ndjson;q=0.9, text/csv"), "jsonl");
  EXPECT_EQ(cdr_form_accepted("application/vcon+json"), "vcon");
  EXPECT_EQ(cdr_form_accepted("application/json"), "json");
  for (const char* of_none : {"", "*/*", ",,;", "text/csvx", "text"})
    EXPECT_FALSE(cdr_form_accepted(of_none)) << of_none;
}

}  // namespace
}  // namespace assent::gateway
