#include "gateway/subject_rights.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <optional>
#include <tuple>
#include <utility>

#include "gateway/apart.hpp"
#include "gateway/exports.hpp"
#include "gateway/pseudonym.hpp"
#include "gateway/record_copies.hpp"
#include "gateway/rfc3339.hpp"
#include "gateway/subject_archive.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::string_view erasure_asked = "erasure_asked";

Problem unreadable() {
  return make_problem(ProblemType::unavailable, "The records cannot be read now. See /readyz.");
}

bool is_empty(const SubjectFile& file, const std::vector<CdrEntry>& records) {
  return file.persons.empty() && file.actions.empty() && records.empty();
}

std::string text_in(const std::string& manifest_entry, std::string_view key) {
  boost::system::error_code error;
  const auto value = json::parse(manifest_entry, error);
  const auto* const object = error ? nullptr : value.if_object();
  const auto* const text = object == nullptr ? nullptr : object->if_contains(key);
  return text != nullptr && text->is_string() ? std::string(text->get_string()) : std::string{};
}

}  // namespace

asio::awaitable<Answered<void>> SubjectRights::note(std::string action, std::string subject,
                                                    std::string actor, std::string text) {
  PrivacyAction record;
  record.action = std::move(action);
  record.subject = std::move(subject);
  record.actor = std::move(actor);
  record.json = std::move(text);
  record.at = read_clocks().wall;
  const auto stored = co_await parts_.storage.append(Record{std::move(record)});
  if (!stored) co_return not_recorded(stored.error(), "The request could not be recorded");
  co_return Answered<void>{};
}

// By the page, so that consents get their turn.
asio::awaitable<Answered<std::vector<CdrEntry>>> SubjectRights::records_of(std::string subject) {
  std::vector<CdrEntry> all;
  CdrQuery query;
  query.subject = std::move(subject);
  query.limit = cdr_page_max;
  for (;;) {
    auto page = co_await parts_.storage.cdrs(query);
    if (!page) co_return unreadable();
    if (page->empty()) co_return all;
    query.after = page->back().id;
    std::move(page->begin(), page->end(), std::back_inserter(all));
  }
}

asio::awaitable<Answered<json::object>> SubjectRights::access(std::string subject,
                                                              std::string actor) {
  auto archive = co_await this->archive(subject);
  const bool nothing = !archive && archive.error().type == ProblemType::not_found;
  if (!archive && !nothing) co_return archive.error();
  // Nobody who is not known gets a key in the ledger by being asked for.
  std::string about;
  if (!nothing) about = subject;
  const auto noted = co_await note("access", std::move(about), actor, "{}");
  if (!noted) co_return noted.error();
  co_return archive;
}

asio::awaitable<Answered<json::object>> SubjectRights::archive(std::string subject) {
  const auto settled = co_await settle_recordings();
  if (!settled) co_return settled.error();
  // A record that is on its way to an export would name the person after the answer.
  std::optional<std::vector<Turn::Hold>> held;
  if (parts_.running_exports != nullptr) {
    held = co_await parts_.running_exports->hold();
    if (!held) co_return unreadable();
  }
  const auto file = co_await parts_.storage.subject_file(subject);
  if (!file) co_return unreadable();
  const auto records = co_await records_of(subject);
  if (!records) co_return records.error();
  if (is_empty(*file, *records))
    co_return make_problem(ProblemType::not_found, "Nothing is kept about this subject.");
  const auto rules = parts_.policy.rules();
  const WallTime now = read_clocks().wall;
  co_return co_await apart(reader_,
                           [&] { return subject_archive(subject, *file, *records, rules, now); });
}

asio::awaitable<Answered<json::object>> SubjectRights::change(std::string subject,
                                                              SubjectChange change,
                                                              std::string actor) {
  const auto file = co_await parts_.storage.subject_file(subject);
  if (!file) co_return unreadable();
  if (!change.corrections.empty()) {
    const auto records = co_await records_of(subject);
    if (!records) co_return records.error();
    std::set<std::int64_t> known;
    const auto learn = [&](RecordId id) { known.insert(static_cast<std::int64_t>(id)); };
    for (const auto& statement : file->statements)
      learn(statement.event.id);
    for (const auto& event : file->events)
      learn(event.id);
    for (const auto& recording : file->recordings)
      learn(recording.id);
    for (const auto& record : *records)
      learn(record.id);
    for (std::size_t i = 0; i < change.corrections.size(); ++i) {
      if (known.contains(change.corrections[i].record)) continue;
      co_return make_problem(ProblemType::invalid_value,
                             "The subject has no such record: its archive has the ids of all.",
                             "/corrections/" + std::to_string(i) + "/record");
    }
  }
  if (change.opt_out_of_new_purposes)
    for (const auto& [purpose, unused] : parts_.policy.rules()->purposes)
      change.known_purposes.push_back(purpose);
  // It restricts: effective, then durable.
  parts_.opt_outs.learn(subject, change);
  if (change.opt_out_of_sale && parts_.conferences != nullptr) {
    const auto opted_out = co_await parts_.conferences->opt_out_of_sale(subject);
    if (!opted_out) co_return opted_out.error();
  }
  const auto noted = co_await note("change", subject, actor, json::serialize(to_json(change)));
  if (!noted) co_return noted.error();
  auto state = state_of(file->actions);
  state.add(change, read_clocks().wall);
  auto answer = to_json(state);
  answer["subject"] = subject;
  co_return answer;
}

asio::awaitable<Answered<json::object>> SubjectRights::erase(std::string subject,
                                                             std::string actor) {
  const WallTime now = read_clocks().wall;
  Names names;
  std::optional<Conferences::JoinsRefused> joins_refused;
  if (parts_.conferences != nullptr) {
    joins_refused.emplace(*parts_.conferences, subject);
    const auto present = co_await parts_.conferences->erase(subject);
    if (!present) co_return present.error();
    for (const auto& who : *present) {
      const auto& name = names[who] = new_pseudonym();
      if (parts_.rename) parts_.rename(who, name);
    }
  }
  const auto settled = co_await settle_recordings();
  if (!settled) co_return settled.error();
  // A record that is on its way to an export would name the person after the answer.
  std::optional<std::vector<Turn::Hold>> held;
  if (parts_.running_exports != nullptr) {
    held = co_await parts_.running_exports->hold();
    if (!held) co_return unreadable();
  }
  const auto file = co_await parts_.storage.subject_file(subject);
  if (!file) co_return unreadable();
  const auto records = co_await records_of(subject);
  if (!records) co_return records.error();
  const auto begun = co_await note_erasure(*file, subject, actor);
  if (!begun) co_return begun.error();
  for (const auto& who : file->persons)
    if (!names.contains(who)) names[who] = new_pseudonym();

  auto sinks = told_to_sinks(*records);
  sinks["copies"] = record_copies(file->exports, *records, parts_.exports, *parts_.policy.rules());
  if (!file->persons.empty()) parts_.publish("subject_erased", "", json::serialize(sinks));
  auto recordings = co_await delete_recordings(file->recordings, names, now);
  if (!recordings) co_return recordings.error();

  Erasure erasure;
  erasure.subject = subject;
  erasure.actor = std::move(actor);
  erasure.at = now;
  erasure.pseudonyms = std::move(names);
  erasure.recordings = std::move(recordings->entries);
  const auto erased = co_await parts_.storage.erase(std::move(erasure));
  if (!erased) {
    co_return not_recorded(erased.error(),
                           "The erasure is not complete; what was permitted in "
                           "running calls is withdrawn");
  }
  parts_.opt_outs.forget(subject);
  ErasureReport report;
  report.rows = *erased;
  report.recordings_deleted = recordings->deleted;
  report.recordings_kept = recordings->kept;
  report.recordings_not_found = std::move(recordings->not_found);
  report.recordings_kept_until = std::move(recordings->kept_until);
  report.told_to_sinks = std::move(sinks);
  for (const auto& record : *records)
    report.newest_record = std::max(report.newest_record, record.at);
  for (const auto& statement : file->statements)
    report.newest_statement = std::max(report.newest_statement, statement.event.at);
  co_return erasure_report(report, parts_.policy.rules(), now);
}

// What a crash interrupts the next start finishes: see unfinished_erasures().
asio::awaitable<Answered<void>> SubjectRights::note_erasure(const SubjectFile& file,
                                                            std::string subject,
                                                            std::string actor) {
  const auto is_asked = [](const PrivacyAction& of) { return of.action == erasure_asked; };
  const bool noted = std::any_of(file.actions.begin(), file.actions.end(), is_asked);
  if (noted || (file.persons.empty() && file.actions.empty())) co_return Answered<void>{};
  co_return co_await note(std::string(erasure_asked), std::move(subject), std::move(actor), "{}");
}

std::map<std::string, std::string> unfinished_erasures(std::span<const PrivacyAction> changes) {
  std::map<std::string, std::string> unfinished;
  for (const auto& change : changes)
    if (change.action == erasure_asked && change.subject != erased_subject)
      unfinished[change.subject] = change.actor;
  return unfinished;
}

// So that what was recorded until now is on file.
asio::awaitable<Answered<void>> SubjectRights::settle_recordings() {
  for (const auto& [sink, recorder] : parts_.sinks.recorders()) {
    std::vector<TrackErasure> none;
    const auto settled = co_await recorder->erase(std::move(none));
    if (!settled) co_return make_problem(ProblemType::unavailable, "A recorder is ending.");
  }
  if (!parts_.recordings_settled) co_return Answered<void>{};
  const bool all = co_await parts_.recordings_settled();
  if (!all) {
    co_return make_problem(ProblemType::unavailable,
                           "Recordings have ended that could not be recorded yet, so not all of "
                           "them are known. See /readyz; repeat the request when it is well.");
  }
  co_return Answered<void>{};
}

WallTime SubjectRights::kept_until(const ClosedRecording& recording) const {
  const auto& rules = parts_.policy.rules();
  const auto purpose = rules->purposes.find(recording.purpose);
  if (purpose == rules->purposes.end()) return recording.at;
  const auto category = rules->categories.find(purpose->second.category);
  if (category == rules->categories.end()) return recording.at;
  return recording.at + category->second.retention.legal_minimum;
}

asio::awaitable<Answered<SubjectRights::DeletedRecordings>> SubjectRights::delete_recordings(
    const std::vector<ClosedRecording>& recordings, const Names& names, WallTime now) {
  DeletedRecordings done;
  std::map<std::string, std::vector<TrackErasure>> by_sink;
  std::map<std::pair<std::string, std::string>, const ClosedRecording*> rows;
  for (const auto& recording : recordings) {
    TrackErasure track;
    track.session = recording.session;
    track.track = text_in(recording.json, "track");
    track.participant = names.at({recording.session, recording.room, recording.participant});
    const auto until = kept_until(recording);
    track.keep = until > now;
    rows[{track.session, track.track}] = &recording;
    by_sink[recording.sink].push_back(std::move(track));
  }
  for (auto& [name, tracks] : by_sink) {
    const auto sink = parts_.sinks.find(name);
    auto* const recorder = sink ? parts_.sinks.recorder(*sink) : nullptr;
    if (recorder == nullptr) {
      co_return make_problem(ProblemType::conflict,
                             "There are recordings of the sink " + name +
                                 ", which assent.yaml does not place any more. Add it again with "
                                 "its directory, start again, and repeat the request.");
    }
    const auto erased = co_await recorder->erase(std::move(tracks));
    if (!erased) {
      co_return make_problem(ProblemType::not_recorded,
                             "Not every recording could be deleted (" +
                                 std::string(to_string(erased.error())) +
                                 "). Mend the disk, and repeat the request.");
    }
    for (const auto& track : *erased) {
      const auto row = rows.extract({track.session, track.track});
      if (row) count_found(*row.mapped(), track, now, done);
    }
  }
  for (const auto& [track, recording] : rows)
    if (const auto file = text_in(recording->json, "file"); !file.empty())
      done.not_found.emplace_back(recording->sink,
                                  (std::filesystem::path{recording->session} / file).string());
  co_return done;
}

void SubjectRights::count_found(const ClosedRecording& recording, const ErasedTrack& track,
                                WallTime now, DeletedRecordings& done) const {
  done.entries[recording.id] = track.json;
  if (text_in(recording.json, "file").empty()) return;
  const auto until = kept_until(recording);
  ++(until > now ? done.kept : done.deleted);
  if (until <= now) return;
  auto& latest = done.kept_until[recording.purpose];
  latest = std::max(latest, until);
}

// What sinks that are not ours got of the person, in the words of what they got: streams and times.
// Who it was is what they are not to be told again. What a later record says of a run of packets
// takes the place of what an earlier one said.
json::object SubjectRights::told_to_sinks(const std::vector<CdrEntry>& records) const {
  using Run = std::tuple<std::string, std::string, std::size_t, std::size_t, std::uint32_t,
                         std::uint64_t, std::uint64_t>;
  std::map<Run, json::object> runs;
  for (const CdrEntry& entry : records) {
    const auto cdr = parse_cdr(entry.json);
    if (!cdr) continue;
    for (std::size_t leg = 0; leg < cdr->legs.size(); ++leg)
      for (std::size_t i = 0; i < cdr->legs[leg].routes.size(); ++i) {
        const CdrRoute& route = cdr->legs[leg].routes[i];
        const auto sink = parts_.sinks.find(route.sink);
        const bool ours = sink && parts_.sinks.recorder(*sink) != nullptr;
        if (route.kind != RouteKind::sink || ours) continue;
        for (const auto& interval : route.delivered)
          runs[{entry.session, entry.participant, leg, i, interval.ssrc, interval.epoch,
                interval.first_sequence}] = {{"sink", route.sink},
                                             {"purpose", route.purpose},
                                             {"room", cdr->room},
                                             {"session", cdr->session},
                                             {"ssrc", interval.ssrc},
                                             {"epoch", interval.epoch},
                                             {"first", to_rfc3339(interval.first)},
                                             {"last", to_rfc3339(interval.last)},
                                             {"packets", interval.packets}};
      }
  }
  json::array deliveries;
  for (auto& [run, delivery] : runs)
    deliveries.push_back(std::move(delivery));
  return json::object{{"deliveries", std::move(deliveries)}};
}

}  // namespace assent::gateway
