#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "gateway/consent_links.hpp"
#include "gateway/consent_page_html.hpp"
#include "gateway/form_body.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/signed_receipt.hpp"
#include "tests/gateway/http_client.hpp"
#include "tests/gateway/running_service.hpp"

namespace assent::gateway::test {
namespace {

using gateway::testing::RawClient;
using gateway::testing::Reply;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view caller = "/v1/rooms/standup/participants/caller";
constexpr std::string_view hostile_label = "<script>alert(1)</script>\"'&";

ConsentLink some_link(policy::WallTime expires) {
  return {"standup", "caller", sha256("s-1"), "de", expires};
}

TEST(ConsentLinks, WhatIsSealedIsOpenedUntilItExpiresAndShowsNoId) {
  const ConsentLinks links{ConsentLinks::Key{}};
  const auto now = read_clocks().wall;
  const auto token = links.seal(some_link(now + 1s));
  EXPECT_THAT(token, Not(HasSubstr("standup")));
  EXPECT_NE(token, links.seal(some_link(now + 1s)));
  const auto link = links.open(token, now);
  ASSERT_TRUE(link);
  EXPECT_EQ(link->room, "standup");
  EXPECT_EQ(link->participant, "caller");
  EXPECT_EQ(link->language, "de");
  EXPECT_EQ(link->subject, sha256("s-1"));
  EXPECT_EQ(links.open(token, now + 1s).error(), LinkFault::expired);
}

TEST(ConsentLinks, AnyOtherTextIsForged) {
  const ConsentLinks links{ConsentLinks::Key{}};
  const auto now = read_clocks().wall;
  const auto token = links.seal(some_link(now + 1h));
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto opened = links.open(changed, now);
    ASSERT_TRUE(!opened && opened.error() == LinkFault::forged) << i;
    ASSERT_FALSE(links.open(token.substr(0, i), now)) << i;
  }
  ConsentLinks::Key other{};
  other[31] = std::byte{1};
  EXPECT_FALSE(ConsentLinks{other}.open(token, now));
  EXPECT_FALSE(links.open(token + "A", now));
  EXPECT_FALSE(links.open(token + "=", now));
  EXPECT_FALSE(links.open(std::string(100'000, 'A'), now));
}

TEST(ConsentLinks, TheKeyOutlastsARestartAndOneThatOthersCanReadIsAFault) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "consent-page.key";
  const auto now = read_clocks().wall;
  const auto token = ConsentLinks::open(file)->seal(some_link(now + 1h));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_TRUE(ConsentLinks::open(file)->open(token, now));
  ::chmod(file.c_str(), 0640);
  EXPECT_FALSE(ConsentLinks::open(file));
  ::chmod(file.c_str(), 0600);
  std::ofstream{file} << "not a key\n";
  EXPECT_FALSE(ConsentLinks::open(file));
}

TEST(FormBody, IsReadStrictly) {
  EXPECT_EQ(parse_form("a=b+c&a=%7e&d="), (FormFields{{"a", "b c"}, {"a", "~"}, {"d", ""}}));
  EXPECT_EQ(parse_form(""), FormFields{});
  for (const std::string_view bad :
       {"a", "=b", "a=%", "a=%4", "a=%zz", "a=%00", "a=%c3%a4", "a=\n", "a=b&&c=d", "a=b;c"}) {
    const auto fields = parse_form(bad);
    EXPECT_TRUE(!fields || bad == "a=b;c") << bad;
  }
  std::string many;
  for (std::size_t i = 0; i <= form_fields_max; ++i)
    many += "a=b&";
  EXPECT_FALSE(parse_form(many));
}

TEST(ConsentPageWords, TheFirstLanguageThatThePageSpeaksIsTaken) {
  const auto chosen = [](std::vector<std::string_view> wishes) {
    return words_for(wishes).language;
  };
  EXPECT_EQ(chosen({"", "tr", "de-AT", "fr"}), "de");
  EXPECT_EQ(chosen({"pl, fr;q=0.3, ES-mx;q=0.8, *;q=0.1"}), "es");
  EXPECT_EQ(chosen({"fr;q=0, nl;q=0.001"}), "nl");
  EXPECT_EQ(chosen({";;q=,,-;q=9", ""}), "en");
}

class ConsentPageService : public ::testing::Test {
 protected:
  void begin(RunningService::Options options = {}) { service.emplace(std::move(options)); }
  void join(std::string_view participant = "caller", std::string_view subject = "s-1") {
    service->ask("PUT", "/v1/rooms/standup", "{}");
    service->ask("PUT", "/v1/rooms/standup/participants/" + std::string(participant),
                 R"({"subject": ")" + std::string(subject) +
                     R"(", "minor": false, "jurisdictions": {"declared": ["NL"]}})");
  }
  std::string link(std::string_view body = "{}") {
    const auto made = service->ask("POST", std::string(caller) + "/consent-link", body);
    return std::string(made.at("path").as_string());
  }
  Reply get(const std::string& path, std::string_view extra = {}) {
    return RawClient::tcp(service->api_port())
        .ask(gateway::testing::request_text("GET", path, "", {}, extra));
  }
  Reply post(const std::string& path, const std::string& form, std::string_view extra = {}) {
    const std::string head = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                             std::to_string(form.size()) + "\r\n" + std::string(extra);
    return RawClient::tcp(service->api_port())
        .ask(gateway::testing::request_text("POST", path, "", {}, head) + form);
  }
  static std::string seen_on(const std::string& html) {
    constexpr std::string_view before = "name=\"seen\" value=\"";
    const auto at = html.find(before);
    if (at == std::string::npos) return {};
    const auto begin = at + before.size();
    return html.substr(begin, html.find('"', begin) - begin);
  }
  std::string state(const std::string& purpose) {
    const auto whole = service->ask("GET", std::string(caller));
    const auto& consents = whole.at("consents").as_object();
    if (!consents.contains(purpose)) return "unknown";
    return std::string(consents.at(purpose).at("state").as_string());
  }

  std::optional<RunningService> service;
};

TEST_F(ConsentPageService, ShowsEachPurposeApartWithUntickedBoxesAndNoScript) {
  begin();
  join();
  const auto reply = get(link(R"({"language": "nl-BE"})"));
  ASSERT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("<html lang=\"nl\">"));
  for (const std::string_view purpose : {"recording", "transcription", "summary"})
    EXPECT_THAT(reply.body, HasSubstr("name=\"agree\" value=\"" + std::string(purpose) + "\">"));
  EXPECT_THAT(reply.body, HasSubstr("Dit gesprek kan worden opgenomen"));
  EXPECT_THAT(reply.body, HasSubstr("Netherlands (NL)"));
  for (const std::string_view never : {"checked", "<script", "s-1", "standup", "caller"})
    EXPECT_THAT(reply.body, Not(HasSubstr(std::string(never))));
  const auto policy = reply.headers.at("content-security-policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; style-src 'sha256-"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'; base-uri 'none'"));
  EXPECT_EQ(reply.headers.at("referrer-policy"), "no-referrer");
  EXPECT_EQ(reply.headers.at("cache-control"), "no-store");
}

TEST_F(ConsentPageService, ATickGrantsThatPurposeOnlyAndOneButtonWithdrawsIt) {
  begin();
  join();
  const auto page = link();
  const auto seen = seen_on(get(page).body);
  const auto answered = post(page, "seen=" + seen + "&agree=recording&answer=agree");
  EXPECT_EQ(answered.status, 303);
  EXPECT_EQ(answered.headers.at("location"), "?language=en&result=saved");
  EXPECT_EQ(state("recording"), "granted");
  EXPECT_EQ(state("summary"), "unknown");
  const auto whole = service->ask("GET", std::string(caller));
  EXPECT_EQ(whole.at("consents").at("recording").at("method"), "online");
  EXPECT_THAT(get(page + "?result=saved").body, HasSubstr("name=\"withdraw\" value=\"recording\""));
  EXPECT_EQ(post(page, "withdraw=recording").status, 303);
  EXPECT_EQ(state("recording"), "withdrawn");
}

TEST_F(ConsentPageService, WhatWasAnsweredIsThereAsSignedReceipts) {
  begin();
  join();
  const auto page = link();
  EXPECT_THAT(get(page).body, Not(HasSubstr("?receipts=all")));
  const auto seen = seen_on(get(page).body);
  ASSERT_EQ(post(page, "seen=" + seen + "&agree=recording&answer=agree").status, 303);
  ASSERT_EQ(post(page, "withdraw=recording").status, 303);
  EXPECT_THAT(get(page).body, HasSubstr("href=\"?receipts=all\" download"));
  const auto receipts = get(page + "?receipts=all");
  EXPECT_EQ(receipts.status, 200);
  EXPECT_THAT(receipts.headers.at("content-disposition"), HasSubstr("consent-receipts.jws"));
  const auto key = read_verifier_key(service->state() / "ledger" / "vkey");
  ASSERT_TRUE(key);
  std::istringstream lines{receipts.body};
  std::vector<std::string> said;
  for (std::string line; std::getline(lines, line);) {
    const auto opened = open_receipt(line, *key);
    ASSERT_TRUE(opened) << opened.error().what;
    said.push_back(*opened);
  }
  ASSERT_EQ(said.size(), 2U);
  EXPECT_THAT(said[0], HasSubstr("consent given"));
  EXPECT_THAT(said[1], HasSubstr("consent withdrawn"));
}

TEST_F(ConsentPageService, ReceiptsAreThereAfterTheCallForAsLongAsTheLinkHolds) {
  begin();
  join();
  const auto page = link();
  const auto seen = seen_on(get(page).body);
  ASSERT_EQ(post(page, "seen=" + seen + "&agree=recording&answer=agree").status, 303);
  service->ask("DELETE", std::string(caller));
  const auto over = get(page);
  EXPECT_EQ(over.status, 410);
  EXPECT_THAT(over.body, HasSubstr("href=\"?receipts=all\" download"));
  const auto receipts = get(page + "?receipts=all");
  EXPECT_EQ(receipts.status, 200);
  EXPECT_EQ(std::count(receipts.body.begin(), receipts.body.end(), '\n'), 1);
  // Who comes under the same name is somebody else, and the link is not theirs.
  service->ask("PUT", std::string(caller), R"({"subject": "another"})");
  ASSERT_EQ(service->call("PUT", std::string(caller) + "/consents/recording", grant()).status,
            200U);
  const auto still = get(page + "?receipts=all").body;
  EXPECT_EQ(std::count(still.begin(), still.end(), '\n'), 1);
}

TEST_F(ConsentPageService, AGrantReplayedAfterAWithdrawalElsewhereIsRefused) {
  begin();
  join();
  const auto page = link();
  const auto form = "seen=" + seen_on(get(page).body) + "&agree=recording&answer=agree";
  ASSERT_EQ(post(page, form).status, 303);
  ASSERT_EQ(service->call("DELETE", std::string(caller) + "/consents/recording").status, 200U);
  const auto replayed = post(page, form);
  EXPECT_EQ(replayed.status, 409);
  EXPECT_THAT(replayed.body, HasSubstr("was not counted"));
  EXPECT_EQ(state("recording"), "withdrawn");
  const auto fresh = "seen=" + seen_on(replayed.body) + "&agree=recording&answer=agree";
  EXPECT_EQ(post(page, fresh).status, 303);
  EXPECT_EQ(state("recording"), "granted");
}

TEST_F(ConsentPageService, NothingTickedChangesNothingAndNoToAllRefusesAndWithdraws) {
  begin();
  join();
  const auto page = link();
  const auto seen = seen_on(get(page).body);
  EXPECT_EQ(post(page, "seen=" + seen + "&answer=agree").headers.at("location"),
            "?language=en&result=nothing");
  EXPECT_EQ(state("recording"), "unknown");
  ASSERT_EQ(post(page, "seen=" + seen + "&agree=recording&answer=agree").status, 303);
  EXPECT_EQ(post(page, "answer=refuse").status, 303);
  EXPECT_EQ(state("recording"), "withdrawn");
  EXPECT_EQ(state("summary"), "refused");
}

TEST_F(ConsentPageService,
       WhoIsNotInTheRoomAnyMoreGetsTheSameAnswerAsWhoseLinkExpiredButForTheReceipts) {
  begin();
  join();
  const auto page = link();
  const auto seen = seen_on(get(page).body);
  ASSERT_EQ(service->call("DELETE", std::string(caller)).status, 204U);
  EXPECT_EQ(get(page).status, 410);
  join("caller", "s-2");  // somebody else under the same id
  EXPECT_EQ(get(page).status, 410);
  EXPECT_EQ(post(page, "seen=" + seen + "&agree=recording&answer=agree").status, 410);
  EXPECT_EQ(state("recording"), "unknown");
  const auto links = ConsentLinks::open(service->state() / "consent-page.key");
  ASSERT_TRUE(links);
  const auto expired = links->seal({"standup", "caller", sha256("s-2"), "", read_clocks().wall});
  EXPECT_EQ(get("/consent/" + expired).status, 410);
  const auto with_receipts = get(page).body;
  const auto offer = with_receipts.find("<p><a href=\"?receipts=all\"");
  ASSERT_NE(offer, std::string::npos);
  const auto line = with_receipts.find('\n', offer) + 1 - offer;
  EXPECT_EQ(get("/consent/" + expired).body, std::string{with_receipts}.erase(offer, line));
}

TEST_F(ConsentPageService, HostileTokensAndFormsGetAPlainRefusal) {
  begin();
  join();
  const auto page = link();
  for (const std::string token : {"x", "%00", "..%2f..", "%3Cscript%3E", "A.A.A"}) {
    const auto reply = get("/consent/" + token);
    EXPECT_EQ(reply.status, 403) << token;
    EXPECT_THAT(reply.body, Not(HasSubstr("script"))) << token;
  }
  for (const std::string form :
       {"", "answer=", "answer=agree&answer=refuse", "answer=refuse&withdraw=recording",
        "withdraw=recording&agree=summary", "agree=recording", "answer=agree&x=y",
        "answer=agree&agree=recording&agree=recording", "withdraw=%2e%2e", "withdraw=nothing"}) {
    EXPECT_EQ(post(page, form).status, 400) << form;
  }
  EXPECT_EQ(post(page, std::string(5'000, 'a')).status, 413);
  for (const std::string seen : {"", "1", "-", "0-", "99999999999999999999-", "x-y"})
    EXPECT_EQ(post(page, "answer=agree&agree=recording&seen=" + seen).status, 409) << seen;
  EXPECT_EQ(state("recording"), "unknown");
}

TEST_F(ConsentPageService, AFormOfAnotherSiteIsRefused) {
  begin();
  join();
  const auto page = link();
  const auto form = "seen=" + seen_on(get(page).body) + "&agree=recording&answer=agree";
  for (const std::string_view header :
       {"Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n",
        "Origin: https://evil.example\r\n"})
    EXPECT_EQ(post(page, form, header).status, 403) << header;
  EXPECT_EQ(state("recording"), "unknown");
  EXPECT_EQ(post(page, form, "Origin: null\r\nSec-Fetch-Site: same-origin\r\n").status, 303);
}

TEST_F(ConsentPageService, WhatThePolicySaysIsEscaped) {
  std::ifstream file{std::string(ASSENT_SOURCE_FOLDER) + "/config/policy.yaml"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto at = text.find("label: Recording\n");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, sizeof "label: Recording" - 1, "label: '<script>alert(1)</script>\"''&'");
  begin(RunningService::Options{.policy_text = text});
  join();
  const auto reply = get(link());
  ASSERT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, Not(HasSubstr("<script")));
  EXPECT_THAT(reply.body, HasSubstr(escaped(hostile_label)));
}

TEST_F(ConsentPageService, ALinkIsMadeByTheServerOrForOneselfAndByNobodyElse) {
  begin();
  join();
  const auto path = std::string(caller) + "/consent-link";
  EXPECT_EQ(service->call_as(Role::participant, "POST", path, "{}").status, 201U);
  for (const Role role : {Role::operator_, Role::privacy_officer, Role::guardian})
    EXPECT_EQ(service->call_as(role, "POST", path, "{}").status, 403U);
  EXPECT_EQ(service->call("POST", path, R"({"lifetime_seconds": 86401})").status, 422U);
  EXPECT_EQ(service->call("POST", "/v1/rooms/standup/participants/x/consent-link", "{}").status,
            404U);
}

}  // namespace
}  // namespace assent::gateway::test
