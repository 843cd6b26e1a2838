#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/call_legs.hpp"
#include "gateway/call_record.hpp"
#include "gateway/call_transfers.hpp"
#include "gateway/keypad.hpp"
#include "gateway/media_worker.hpp"
#include "gateway/metrics.hpp"
#include "gateway/policy_in_force.hpp"
#include "gateway/policy_layer.hpp"
#include "gateway/problem.hpp"
#include "gateway/question.hpp"
#include "gateway/room_clock.hpp"
#include "gateway/room_journal.hpp"
#include "gateway/sink_places.hpp"
#include "gateway/storage.hpp"
#include "gateway/turn.hpp"
#include "media/sdp_recording.hpp"
#include "policy/room.hpp"
#include "policy/rules_change.hpp"

namespace assent::gateway {

// What happened, told to whoever listens (GET /v1/events): a word, and a JSON object with ids.
using Publish =
    std::function<void(std::string_view type, std::string_view room, const std::string& json)>;

class OptOuts;

// What a conference needs of the process around it; all of it outlives the conference.
struct ConferenceServices {
  const PolicyInForce& policy;
  Storage& storage;
  SinkPlaces& sinks;
  PortRange& ports;
  LegAddresses addresses;
  DtlsCertificates& certificates;
  CandidateRules may_check;
  media::CipherPolicy toward_server;  // suites that the conference server knows
  media::Entropy entropy;
  std::chrono::milliseconds interim_period;
  Publish publish;
  MetricsSnapshot& totals;  // what happened since the start
  const Keypad& keypad;
  const TransferPlaces& places;
  const OptOuts& opt_outs;
  // It is known what holds and who opted out, and an earlier run is closed: before that nothing
  // may be permitted.
  bool begun = false;
  // Nothing could be recorded for a while: no permit is open.
  bool lapsed = false;
  // Subjects whose erasure is under way: whoever came in meanwhile would be missed by it.
  std::multiset<std::string, std::less<>> being_erased{};
};

struct JoinRequest {
  policy::ParticipantJoined who;
  std::vector<CdrJurisdiction> evidence;  // for the record
  std::string language;                   // BCP 47, empty: not said
  PolicyLayer layer;                      // of this leg
  bool latching = false;
};

// A participant has one offer/answer session a connection: one is enough for most, an SFU may want
// one to send and one to receive. Whatever a participant sends on any of them stands under the same
// consents.
struct ConnectionName {
  std::string participant;
  std::string connection;  // empty: the one that needs no name
};
inline constexpr std::size_t connections_max = 32;  // of one participant
inline constexpr std::size_t legs_max = 512;  // that its record lists, those that are gone included

// A cut mark with the sink's name.
struct SinkCut {
  std::string sink;
  std::uint32_t ssrc = 0;
  std::uint64_t epoch = 0;
  std::int64_t last_sequence = 0;  // extended
};

// What becomes known of somebody in mid-call.
struct ParticipantChange {
  std::vector<CdrJurisdiction> evidence;
  bool reevaluate = false;  // the evidence replaces what was known, instead of adding to it
  std::optional<policy::Minor> minor;
  bool sale_opt_out = false;
  std::optional<bool> ciphertext_only;
  PolicyLayer layer;  // tightens the leg further
};

// What a statement or a withdrawal came to, for the receipt.
struct ConsentOutcome {
  policy::Giver giver = policy::Giver::participant;
  policy::ConsentState state = policy::ConsentState::unknown;
  policy::Epoch epoch = 0;
  WallTime at{};
  std::string receipt;                      // id of the signed one; empty: nothing was stated
  std::vector<policy::Decision> decisions;  // of this participant for this purpose
  std::vector<SinkCut> cut;
};

// Whether anybody is still at the ends of a connection.
struct SignsOfLife {
  bool everybody_there = false;  // it has legs, and those with ICE have a peer that consents
  media::TimePoint media_heard{};
};

// What open rooms made of other rules.
struct AdoptedRules {
  std::size_t rooms = 0;
  policy::Effect on;
  std::size_t unrecorded = 0;  // rooms in which grants were suspended and storage refused to say so
};

// One holding of one room: who is in it, what they said, what runs, and the media that follows
// from it. Every public operation waits its turn, and answers only when its effect is there:
// what permits is durable before it is effective; what restricts is effective, then durable.
// Control thread only.
class Conference : public std::enable_shared_from_this<Conference> {
 public:
  struct Identity {
    std::string room;
    std::string session;  // this holding of it
    std::string tenant;
    policy::Tightening layer;  // that it was opened with
    media::RoomKey key{};
  };
  Conference(const boost::asio::any_io_executor& executor, ConferenceServices& services,
             MediaWorker& worker, Identity identity);

  // Opens the room's record and starts its clock. Once, first.
  boost::asio::awaitable<Answered<void>> open();
  // Everybody leaves, the records are closed.
  boost::asio::awaitable<void> close(CauseForClosing cause);

  boost::asio::awaitable<Answered<void>> join(JoinRequest request);
  boost::asio::awaitable<Answered<void>> leave(std::string participant, CauseForClosing cause);

  // `carrier`: who carries the offerer's leg; empty: not said.
  boost::asio::awaitable<Answered<std::string>> offer(ConnectionName of, media::Side from,
                                                      std::string sdp,
                                                      std::optional<media::Profile> toward,
                                                      std::string carrier = {});
  boost::asio::awaitable<Answered<std::string>> answer(ConnectionName of, std::string sdp);
  boost::asio::awaitable<Answered<void>> roll_back_offer(ConnectionName of);
  // How many of them are checked, now or once the answer is there.
  boost::asio::awaitable<Answered<std::size_t>> trickle(ConnectionName of, media::Side from,
                                                        std::vector<media::Trickled> said);
  boost::asio::awaitable<Answered<SignsOfLife>> signs_of_life(ConnectionName of);
  // Its legs go; the participant stays.
  boost::asio::awaitable<Answered<void>> close_connection(ConnectionName of);

  // The receipt of a request that carried a key is stored together with the consent.
  using ReceiptOf = std::function<StoredReceipt(const ConsentOutcome&)>;
  boost::asio::awaitable<Answered<ConsentOutcome>> state_consent(policy::ConsentStated statement,
                                                                 ReceiptOf receipt_of = {});
  boost::asio::awaitable<Answered<ConsentOutcome>> withdraw(policy::ConsentWithdrawn withdrawal,
                                                            ReceiptOf receipt_of = {});

  // Takes effect whole, or not at all.
  boost::asio::awaitable<Answered<void>> change(std::string participant, ParticipantChange what);
  // Adds to the room's layer, never takes away.
  boost::asio::awaitable<Answered<void>> tighten(PolicyLayer layer);
  // Somebody was shown or told it.
  boost::asio::awaitable<Answered<void>> give_notice(policy::NoticeGiven notice);

  // Everybody there who is this subject: all that they granted is withdrawn, and they grant nothing
  // more while they stay. The call flows on. Gives who they were. On a problem all of it is
  // withdrawn, but could not be recorded.
  boost::asio::awaitable<Answered<std::vector<PersonInSession>>> erase(std::string subject);

  // Asks the participant aloud; the answer comes by a key, and is then a consent like any other.
  // What was asked before is not asked any more.
  boost::asio::awaitable<Answered<OpenQuestion>> ask(QuestionToAsk what);
  boost::asio::awaitable<Answered<void>> stop_asking(std::string participant);

  // `withhold`: only where the server performs it.
  boost::asio::awaitable<Answered<void>> start_purpose(
      policy::PurposeStarted start, media::WithheldAudio withhold = media::WithheldAudio::drop);
  boost::asio::awaitable<Answered<void>> stop_purpose(std::string purpose);

  // Goes on under these rules. When this comes back, what they close is closed, and the grants that
  // they suspend are recorded as such.
  boost::asio::awaitable<AdoptedRules> adopt(std::shared_ptr<const policy::RuleBook> rules);
  // What adopt() would come to now.
  [[nodiscard]] policy::Effect preview(const policy::RuleBook& rules) const;

  // Whether permits lapse, or the ledger is to be trusted, has changed.
  boost::asio::awaitable<void> review_permits();

  // The worker noticed something on one of this room's legs.
  void on_relay_event(const media::RelayEvent& event);

  [[nodiscard]] const Identity& identity() const { return identity_; }
  [[nodiscard]] const policy::Room& rules() const { return policy_; }
  [[nodiscard]] MediaWorker& worker() { return worker_; }
  [[nodiscard]] bool is_closed() const { return closed_; }
  [[nodiscard]] std::vector<std::string> participants() const;
  [[nodiscard]] std::vector<std::string> purposes() const;
  // That the conference server itself performs it, behind its gate.
  [[nodiscard]] bool server_performs(const std::string& purpose) const;
  [[nodiscard]] bool has(std::string_view participant) const {
    return participants_.contains(participant);
  }
  // What it said when it joined; empty where it said nothing.
  [[nodiscard]] std::string_view language(std::string_view participant) const;
  // Ways of the call itself and of its records that nothing makes lawful as of now.
  [[nodiscard]] std::vector<CdrTransfer> unlawful_ways(std::string_view participant) const;
  // As it is known now. nullptr: no such participant.
  [[nodiscard]] const policy::ParticipantJoined* known_of(std::string_view participant) const;
  [[nodiscard]] const policy::Tightening& tenant_layer() const;
  [[nodiscard]] const policy::Tightening& room_layer() const { return room_layer_; }

 private:
  struct ConsentKey {
    std::string participant;
    std::string purpose;
    policy::Giver giver = policy::Giver::participant;
  };
  // What the worker was last told about one participant and one sink.
  struct Standing {
    policy::Decision decision;
    std::optional<TrackId> track;
    std::string_view hindrance{};  // permitted, but why nothing passes: sink_failed, storage_failed
    ServedPurposes purposes{};     // that the track is under
  };
  struct Connection {
    CallLegs legs;
    std::array<std::string, 2> carriers{};  // by Side, as offers named them
  };
  struct Participant {
    Participant(policy::ParticipantJoined joined, media::SourceId on_relay, CallRecord opened)
        : id{joined.participant},
          who{std::move(joined)},
          source{on_relay},
          record{std::move(opened)} {}

    std::string id;
    policy::ParticipantJoined who;  // as it is known now
    media::SourceId source;
    std::map<std::string, Connection, std::less<>> connections;
    CallRecord record;
    std::string language;
    bool latching = false;
    std::map<std::pair<std::string, policy::Giver>, std::string> receipts;  // ids, by purpose
    media::RecordIndication indication;
    // When its client last preferred not to be recorded, and whether storage failed to take that.
    std::optional<WallTime> not_recorded_wished;
    bool wish_lost = false;
    std::optional<OpenQuestion> question;
    std::map<media::SinkId, Standing> standing;
    CallTransfers transfers;
    std::vector<CdrTransfer> reported_ways;  // that are not lawful
  };
  struct PermitOrder {
    Participant* participant;
    media::SinkId sink;
    policy::Decision decision;
    media::Permit permit;
    std::string_view hindrance{};  // as of Standing
    std::optional<TrackId> track;  // of a TrackSink, when it opens
    std::vector<media::CutMark> cut;
    ServedPurposes purposes{};  // of the track
  };

  // Purposes that start or stop for somebody. The worker is told in one command with the permits,
  // so that the live call does not stand before a gate in between.
  struct RouteChange {
    std::vector<Participant*> who;
    std::vector<media::SinkId> opened;
    std::vector<media::SinkId> gone;
    std::vector<std::string> started;  // purposes
    std::vector<std::string> stopped;
  };

  // conference_enforcement.cpp: from decisions to the worker, the sinks and the records.
  boost::asio::awaitable<std::vector<SinkCut>> enforce(policy::Decisions decisions,
                                                       CauseForClosing cause,
                                                       RouteChange routes = {});
  boost::asio::awaitable<void> withhold_as(media::SinkId server_purpose, media::WithheldAudio what);
  boost::asio::awaitable<void> carry_out(std::vector<PermitOrder>& orders,
                                         const RouteChange& routes);
  void attach(const RouteChange& routes);
  void detach(const RouteChange& routes);
  [[nodiscard]] std::vector<PermitOrder> orders_of(const policy::Decisions& decisions,
                                                   bool permitted, const ClockReading& clocks);
  boost::asio::awaitable<void> settle(std::vector<Participant*> who);
  void fold(Participant& participant, const media::SourceRecord& record);
  void count(const media::SourceRecord& record, const CallRecord::ReasonOf& reason_of);
  [[nodiscard]] RouteChange drop_closed_sinks();

  // conference_tracks.cpp: what sinks of this program are told beside the packets.
  boost::asio::awaitable<void> open_track(PermitOrder& order);
  boost::asio::awaitable<void> close_track(const PermitOrder& order, TrackId track);
  [[nodiscard]] ServedPurposes purposes_served(const Participant& who) const;
  boost::asio::awaitable<void> tell_purposes(std::vector<Participant*> affected);
  // Of the call, where there is no participant.
  [[nodiscard]] std::string pseudonym_of(std::string_view participant, std::string_view sink) const;

  // conference_changes.cpp: what becomes known in mid-call.
  [[nodiscard]] policy::Decisions take_together(WallTime now,
                                                const std::vector<policy::Event>& events);
  [[nodiscard]] policy::Tightening layers_of_all() const;
  [[nodiscard]] Answered<void> check_notice(const Participant& participant,
                                            const policy::NoticeGiven& notice) const;
  boost::asio::awaitable<Answered<void>> store(std::vector<Record> records,
                                               std::string_view otherwise);

  // conference_erasure.cpp: who is erased while the call goes on.
  [[nodiscard]] Answered<void> check_not_erased(const policy::ParticipantJoined& who) const;
  [[nodiscard]] Answered<void> check_not_erased(const policy::ConsentStated& stated) const;
  boost::asio::awaitable<Stored<RecordId>> withdraw_all(std::string participant);

  // conference_recording.cpp: what session descriptions say of recording.
  boost::asio::awaitable<void> heed_client(Participant& who, std::string_view sdp,
                                           std::chrono::steady_clock::time_point arrived);
  boost::asio::awaitable<void> heed_encryption(Participant& who);
  boost::asio::awaitable<bool> refuse_recording(const Participant& who,
                                                media::RecordPreference preference, bool granted);
  [[nodiscard]] Answered<void> check_wish(const policy::ConsentStated& stated) const;
  [[nodiscard]] media::Recording recording_of(const Participant& who) const;
  [[nodiscard]] std::string tell_client(Participant& who, std::string sdp) const;

  // conference_questions.cpp: what is asked aloud, and answered by a key.
  // Some client leg takes what nothing authenticates.
  [[nodiscard]] static bool has_plain_leg(const Participant& who);
  [[nodiscard]] Answered<void> check_question(const Participant& who,
                                              const QuestionToAsk& what) const;
  [[nodiscard]] Answered<const SpokenPrompt*> prompt_for(const Participant& who,
                                                         const QuestionToAsk& what) const;
  // False: it was answered in the meantime.
  boost::asio::awaitable<bool> end_question(Participant& who, std::string cause);
  void drop_question(Participant& who, std::string_view cause);
  [[nodiscard]] std::optional<media::TimePoint> next_question_end() const;
  boost::asio::awaitable<void> end_questions(media::TimePoint now);
  void on_key(const media::KeyPressed& press);
  boost::asio::awaitable<void> take_answer(std::string participant, media::QuestionId id);
  boost::asio::awaitable<Answered<ConsentOutcome>> answer_for(std::string participant,
                                                              std::string purpose,
                                                              const OpenQuestion& question);
  void publish_question(std::string_view participant, const OpenQuestion& question);
  void publish_question_end(std::string_view participant, const OpenQuestion& question,
                            boost::json::object end);

  // conference_records.cpp: what is written down.
  void name_rules(Cdr& cdr) const;
  [[nodiscard]] Cdr opening_record(const JoinRequest& request) const;
  [[nodiscard]] CdrEntry entry_of(Participant& participant, CdrKind kind,
                                  std::optional<CauseForClosing> cause);
  [[nodiscard]] CdrEntry entry_of(Participant& participant, CdrKind kind,
                                  std::optional<CauseForClosing> cause,
                                  std::vector<CdrConsent> consents);
  [[nodiscard]] CdrEntry room_entry(CdrKind kind, std::optional<CauseForClosing> cause);
  [[nodiscard]] std::vector<CdrConsent> consents_of(const Participant& participant) const;
  void tell(std::string_view type, std::string_view participant, const boost::json::object& what);
  [[nodiscard]] std::string new_receipt_id() const;
  std::vector<Record> journal(const policy::Decisions& decisions);
  [[nodiscard]] ConsentEvent notice_record(const Participant& participant,
                                           const policy::NoticeGiven& notice) const;
  // Patiently: until the ledger is open, what nobody waits for is kept instead of refused.
  enum class Patience : bool { none, until_open };
  boost::asio::awaitable<Stored<RecordId>> store(std::vector<Record> records,
                                                 Patience patience = Patience::none);
  void record_later(std::vector<Record> records);
  boost::asio::awaitable<bool> owe(std::vector<Record> last);  // whether they were stored
  void record_events_later();
  void journal_later(const policy::Decisions& decisions);
  void record_later(CdrEntry entry);
  void publish_decisions(const policy::Decisions& decisions);
  // It knows the participant under pseudonyms only.
  [[nodiscard]] bool tells_pseudonyms(std::string_view sink) const;
  [[nodiscard]] std::string_view hindrance_of(const policy::Decision& decision) const;
  void publish_sink_failure(const policy::Decision& decision, TrackError error);
  void publish_purposes(const RouteChange& routes);
  void publish_cut(const SinkCut& mark, std::string_view participant);

  // conference_transfers.cpp: what crossed which border.
  [[nodiscard]] bool relies_on_contested(const Participant& participant) const;
  void count_transfers(Participant& participant);
  [[nodiscard]] std::vector<CdrTransfer> unlawful_ways(const Participant& participant) const;
  void report_unlawful(Participant& participant, const std::vector<CdrTransfer>& ways);

  // Every event of the room passes here, once, and is in the room's record from then on: with what
  // its taker stores next, or else by itself.
  [[nodiscard]] Answered<policy::Decisions> take(WallTime now, const policy::Event& event);
  void note(WallTime now, const policy::Event& event);

  boost::asio::awaitable<void> close_in_turn(CauseForClosing cause);
  boost::asio::awaitable<void> keep_time();
  boost::asio::awaitable<void> pass_time();
  boost::asio::awaitable<void> change_legs(Participant& who, Connection& connection,
                                           LegChanges changes);
  [[nodiscard]] Answered<Connection*> connection_to_offer(Participant& who,
                                                          const std::string& name);
  boost::asio::awaitable<Answered<void>> part(Participant& participant, CauseForClosing cause);
  boost::asio::awaitable<Answered<ConsentOutcome>> state_in_turn(policy::ConsentStated statement,
                                                                 ReceiptOf receipt_of);
  boost::asio::awaitable<Answered<ConsentOutcome>> withdraw_in_turn(
      policy::ConsentWithdrawn withdrawal, media::TimePoint asked, ReceiptOf receipt_of);
  boost::asio::awaitable<Answered<ConsentOutcome>> restrict_consent(policy::Decisions decisions,
                                                                    ConsentKey whose,
                                                                    ReceiptOf receipt_of);
  boost::asio::awaitable<Answered<ConsentOutcome>> grant_consent(policy::Decisions decisions,
                                                                 ConsentKey whose,
                                                                 ReceiptOf receipt_of);
  // What cannot be asked while the ledger is not open: nothing may be permitted that is not
  // recorded.
  [[nodiscard]] std::optional<Problem> not_yet() const;
  // Closes a room that was opened before the ledger was refused.
  boost::asio::awaitable<void> heed_ledger();
  // The room's own: see RoomClock.
  [[nodiscard]] ClockReading read_clocks() const { return clock_.read(gateway::read_clocks()); }
  [[nodiscard]] std::string receipt_id(const ConsentKey& whose) const;
  void forget_receipt(const ConsentKey& whose);
  [[nodiscard]] std::vector<Participant*> everybody();
  [[nodiscard]] Answered<Participant*> find(std::string_view participant);
  [[nodiscard]] ConsentOutcome outcome(const ConsentKey& whose) const;
  [[nodiscard]] Answered<std::vector<media::SinkId>> places_of(policy::PurposeStarted& start) const;

  ConferenceServices& services_;
  MediaWorker& worker_;
  Identity identity_;
  mutable RoomClock clock_;
  std::map<std::string, std::uint32_t, std::less<>> last_record_of_;  // of those who left
  std::array<std::byte, 32> pseudonym_key_{};
  std::shared_ptr<const policy::RuleBook> rules_;  // that policy_ is under
  std::vector<DataPath> paths_;                    // under these rules
  policy::Room policy_;
  RoomJournal events_;
  Turn turn_;
  boost::asio::steady_timer timer_;
  media::TimePoint next_interim_;
  CallRecord room_record_;
  policy::Tightening room_layer_;
  bool closed_ = false;
  std::set<std::string, std::less<>> erased_;  // participants, also those who left since
  bool distrusted_ = false;  // everything is prohibited, because the ledger was refused
  std::uint32_t questions_ever_ = 0;
  std::map<std::string, std::unique_ptr<Participant>, std::less<>> participants_;
  std::map<std::string, std::vector<media::SinkId>, std::less<>> running_;  // by purpose
  std::map<media::SinkId, media::WithheldAudio> withheld_audio_;  // by the server's purposes
};

[[nodiscard]] Problem problem_of(const policy::Refusal& refusal);
[[nodiscard]] Problem not_recorded(StorageError error, std::string_view effect);

}  // namespace assent::gateway
