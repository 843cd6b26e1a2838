// Fills a database with call detail records, through the gateway's own statements, as if a service
// had written them: for bench/cdr_queries.
//   bench_cdr_fill --database FILE --intervals COUNT [--seed N]
// Says in a line of JSON what is there.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/cdr.hpp"
#include "gateway/database.hpp"

namespace assent::bench {
namespace {

using gateway::Record;
using gateway::WallTime;

constexpr int people_in_a_room = 10;
constexpr std::uint32_t records_of_a_chain = 10;  // a start, interims of which each grew, a stop
constexpr std::uint64_t intervals_of_a_record = 4;
constexpr std::size_t commit_every = 20'000;
constexpr std::string_view busiest = "s-busiest";  // in every room of the first hundred
constexpr int rooms_of_the_busiest = 100;

WallTime at(std::uint64_t second) {
  return WallTime{std::chrono::seconds{1'764'000'000 + static_cast<std::int64_t>(second)}};
}

gateway::CdrRoute route(gateway::RouteKind kind, std::string sink, std::uint64_t packets,
                        const gateway::Cdr& of, std::uint32_t ssrc) {
  gateway::CdrRoute made;
  made.kind = kind;
  made.purpose = sink.empty() ? "" : "recording";
  made.sink = std::move(sink);
  made.packets = packets;
  made.bytes = packets * 100;
  made.milliseconds = packets * 20;
  made.first = of.opened;
  made.last = of.at;
  made.delivered.push_back(
      {ssrc, 1, 1'000, 1'000 + packets - 1, packets, packets * 100, of.opened, of.at});
  return made;
}

// A person's record: what went to the call both ways, to a recorder and to an archive.
gateway::Cdr record_of(const std::string& session, const std::string& room, int person,
                       const std::string& subject, std::uint32_t seq, std::uint64_t opened) {
  gateway::Cdr cdr;
  cdr.kind = seq == 1                    ? gateway::CdrKind::start
             : seq == records_of_a_chain ? gateway::CdrKind::stop
                                         : gateway::CdrKind::interim;
  if (seq > 1)
    cdr.cause = seq == records_of_a_chain ? gateway::CauseForClosing::participant_left
                                          : gateway::CauseForClosing::period;
  cdr.record_seq = seq;
  cdr.session = session;
  cdr.room = room;
  cdr.participant = "p" + std::to_string(person);
  cdr.subject = subject;
  cdr.minor = policy::Minor::no;
  cdr.opened = at(opened);
  cdr.at = cdr.counted_until = at(opened + seq * 10);
  cdr.jurisdictions.push_back({"NL", policy::EvidenceKind::declared, "NL"});
  gateway::CdrConsent consent{"recording", "participant", "granted", "online", "firm", 1, {},
                              {},          "recording/1", ""};
  consent.since = cdr.opened;
  cdr.consents.push_back(std::move(consent));
  const std::uint64_t packets = seq * 500;
  for (const char* side : {"client", "server"}) {
    gateway::CdrLeg& leg = cdr.legs.emplace_back();
    leg.side = side;
    leg.media = "audio";
    leg.transport = "RTP/AVP";
    leg.packets = packets;
    leg.bytes = packets * 100;
    leg.routes.push_back(route(gateway::RouteKind::call, "", packets, cdr, 0x1000));
    if (leg.side == "server") continue;
    leg.routes.push_back(route(gateway::RouteKind::sink, "recorder", packets, cdr, 0x1000));
    leg.routes.push_back(route(gateway::RouteKind::sink, "archive", packets, cdr, 0x1000));
  }
  cdr.policy_hash = "sha256:" + std::string(64, 'a');
  cdr.data_hash = "sha256:" + std::string(64, 'b');
  return cdr;
}

class Filling {
 public:
  Filling(const std::filesystem::path& file, std::uint64_t intervals, std::uint64_t seed)
      : database_{file, true, std::nullopt},
        dice_{seed},
        rooms_{std::max<std::uint64_t>(
            1, intervals / (people_in_a_room * records_of_a_chain * intervals_of_a_record))},
        people_{rooms_} {}  // so that each is in about ten calls

  void run() {
    database_.begin();
    for (std::uint64_t room = 0; room < rooms_; ++room)
      fill(room);
    database_.remember_exported(database_.last_id());  // no daily files are wanted
    database_.commit();
    std::printf(
        "{\"rooms\": %llu, \"people\": %llu, \"records\": %llu, \"intervals\": %llu, "
        "\"busiest\": \"%s\"}\n",
        static_cast<unsigned long long>(rooms_), static_cast<unsigned long long>(people_),
        static_cast<unsigned long long>(records_),
        static_cast<unsigned long long>(records_ * intervals_of_a_record),
        std::string(busiest).c_str());
  }

 private:
  void store(Record record) {
    if (!database_.store({&record, 1})) std::abort();  // every key is new
    if (++since_commit_ < commit_every) return;
    since_commit_ = 0;
    database_.commit();
    database_.begin();
  }

  void fill(std::uint64_t room) {
    const std::string name = "r" + std::to_string(room);
    const std::string session = "session-" + std::to_string(room);
    const std::uint64_t opened = room * 10;
    std::vector<std::string> subjects;
    for (int person = 0; person < people_in_a_room; ++person) {
      const bool is_busiest = person == 0 && room < rooms_of_the_busiest;
      subjects.push_back(is_busiest ? std::string(busiest)
                                    : "s" + std::to_string(dice_() % people_));
      store(Record{consent(session, name, person, subjects.back(), opened)});
    }
    // As they come: everybody's record, then everybody's next.
    for (std::uint32_t seq = 1; seq <= records_of_a_chain; ++seq)
      for (int person = 0; person < people_in_a_room; ++person) {
        const auto index = static_cast<std::size_t>(person);
        store(Record{
            gateway::to_entry(record_of(session, name, person, subjects[index], seq, opened))});
        ++records_;
      }
  }

  static gateway::ConsentEvent consent(const std::string& session, const std::string& room,
                                       int person, const std::string& subject,
                                       std::uint64_t opened) {
    gateway::ConsentEvent event;
    event.session = session;
    event.room = room;
    event.participant = "p" + std::to_string(person);
    event.subject = subject;
    event.purpose = "recording";
    event.giver = "participant";
    event.statement = event.state = "granted";
    event.method = "online";
    event.strength = "firm";
    event.evidence = "{}";
    event.rules = "sha256:" + std::string(64, 'a');
    event.epoch = 1;
    event.at = at(opened);
    return event;
  }

  gateway::Database database_;
  std::mt19937_64 dice_;
  std::uint64_t rooms_;
  std::uint64_t people_;
  std::uint64_t records_ = 0;
  std::size_t since_commit_ = 0;
};

}  // namespace
}  // namespace assent::bench

int main(int argc, char** argv) {
  std::map<std::string_view, std::string_view> asked{{"--seed", "1"}};
  for (int i = 1; i + 1 < argc; i += 2)
    asked[argv[i]] = argv[i + 1];
  const auto number = [&](std::string_view name) {
    std::uint64_t value = 0;
    const std::string_view text = asked[name];
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  if (asked["--database"].empty() || number("--intervals") == 0) {
    std::fprintf(stderr, "bench_cdr_fill --database FILE --intervals COUNT [--seed N]\n");
    return 2;
  }
  assent::bench::Filling{std::string(asked["--database"]), number("--intervals"), number("--seed")}
      .run();
  return 0;
}
