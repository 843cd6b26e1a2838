#include "policy/transfer.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace assent::policy {
namespace {

constexpr std::array<std::string_view, mechanisms> mechanism_words{
    "none", "adequacy", "dpf",         "uk_extension",     "swiss_dpf",
    "scc",  "idta",     "intra_group", "explicit_consent", "use_as_acceptance"};
constexpr std::array<std::string_view, 3> status_words{"annulled", "contested", "in_force"};

constexpr WallTime never = WallTime::max();

// From one country under one regime; an empty country is an unknown one.
using Origin = std::pair<std::string, std::string>;

struct Verdict {
  Reason reason = Reason::transfer_no_mechanism;
  WallTime until = never;
};

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

const JurisdictionRow* find_row(const JurisdictionRows& rows, std::string_view code) {
  const auto exact = rows.find(code);
  return exact == rows.end() ? nullptr : &exact->second;
}

std::set<Origin> origins(const JurisdictionRows& jurisdictions, std::span<const TransferRow> rows,
                         const BindingRows& from) {
  std::set<Origin> found;
  bool unknown = from.unknown || from.codes.empty();
  for (const std::string& code : from.codes) {
    const JurisdictionRow* row = find_row(jurisdictions, code);
    if (row == nullptr) unknown = true;
    if (row != nullptr && !row->regime.empty())
      found.emplace(row->regime, std::string(country_of(code)));
  }
  if (unknown)
    for (const TransferRow& row : rows)
      found.emplace(row.exporter, "");
  return found;
}

// Dated, complete, and for this category and country.
bool is_complete(const Instrument& instrument, const TransferQuestion& question) {
  const bool here = instrument.country.empty() || instrument.country == question.importer ||
                    instrument.country == country_of(question.importer);
  if (!here || !instrument.checked_at || !instrument.expires) return false;
  if (!contains(instrument.categories, question.category)) return false;
  switch (instrument.mechanism) {
    case Mechanism::dpf:
    case Mechanism::uk_extension:
    case Mechanism::swiss_dpf:
      return !instrument.entity.empty();
    case Mechanism::scc:
      return !instrument.entity.empty() && !instrument.module.empty() &&
             !instrument.reference.empty();
    case Mechanism::idta:
    case Mechanism::intra_group:
      return !instrument.entity.empty() && !instrument.reference.empty();
    case Mechanism::adequacy:
      return !instrument.condition.empty();
    case Mechanism::none:
    case Mechanism::explicit_consent:
    case Mechanism::use_as_acceptance:
      return false;
  }
  return false;
}

// The best instrument of a kind that the processor can show.
Verdict judge_instrument(std::span<const Instrument> instruments, Mechanism mechanism,
                         std::string_view condition, const TransferQuestion& question,
                         WallTime now) {
  Verdict best;
  for (const Instrument& instrument : instruments) {
    if (instrument.mechanism != mechanism || !is_complete(instrument, question)) continue;
    if (!condition.empty() && instrument.condition != condition) continue;
    const WallTime until = stale_from(*instrument.expires);
    if (now < WallTime{*instrument.checked_at} || now >= until) {
      if (best.reason != Reason::permitted) best.reason = Reason::transfer_expired;
    } else if (best.reason != Reason::permitted || until > best.until) {
      best = {Reason::permitted, until};
    }
  }
  return best;
}

// What the row's mechanism asks of the processor or the participant.
Verdict judge_mechanism(const TransferRow& row, std::span<const Instrument> instruments,
                        const TransferQuestion& question, WallTime now) {
  switch (row.mechanism) {
    case Mechanism::adequacy:
      if (row.condition.empty()) return {Reason::permitted, never};
      return judge_instrument(instruments, row.mechanism, row.condition, question, now);
    case Mechanism::uk_extension: {
      const Verdict base = judge_instrument(instruments, Mechanism::dpf, "", question, now);
      if (base.reason != Reason::permitted) return base;
      Verdict extension =
          judge_instrument(instruments, row.mechanism, row.condition, question, now);
      extension.until = std::min(extension.until, base.until);
      return extension;
    }
    case Mechanism::dpf:
    case Mechanism::swiss_dpf:
    case Mechanism::scc:
    case Mechanism::idta:
    case Mechanism::intra_group:
      return judge_instrument(instruments, row.mechanism, row.condition, question, now);
    case Mechanism::explicit_consent:
      return {question.explicit_consent ? Reason::permitted : Reason::transfer_no_mechanism, never};
    case Mechanism::none:
    case Mechanism::use_as_acceptance:
      break;
  }
  return {};
}

Verdict judge_row(const TransferRow& row, std::string_view origin_country,
                  std::span<const Instrument> instruments, const TransferQuestion& question,
                  WallTime now) {
  const bool excepted = contains(row.except_from, origin_country) ||
                        (origin_country.empty() && !row.except_from.empty());
  if (excepted) return {};
  if (row.source.empty()) return {Reason::transfer_unsourced, never};
  const bool begun = row.effective && now >= WallTime{*row.effective};
  const bool over = (row.expires && now >= stale_from(*row.expires)) ||
                    (row.annulled && now >= WallTime{*row.annulled}) ||
                    row.status == TransferStatus::annulled;
  if (!begun || over) return {Reason::transfer_expired, never};
  if (is_stale(row.review_by, now)) return {Reason::transfer_stale, never};
  if (row.status == TransferStatus::contested && !question.allow_contested)
    return {Reason::transfer_contested, never};

  Verdict verdict = judge_mechanism(row, instruments, question, now);
  verdict.until = std::min(verdict.until, stale_from(*row.review_by));
  if (row.expires) verdict.until = std::min(verdict.until, stale_from(*row.expires));
  if (row.annulled) verdict.until = std::min(verdict.until, WallTime{*row.annulled});
  return verdict;
}

// Of several failures, the one that says most: something was there and is not valid any more.
int tells(Reason reason) {
  switch (reason) {
    case Reason::permitted:
      return 6;
    case Reason::transfer_expired:
      return 5;
    case Reason::transfer_stale:
      return 4;
    case Reason::transfer_contested:
      return 3;
    case Reason::transfer_unsourced:
      return 2;
    case Reason::transfer_no_mechanism:
      return 1;
    default:
      return 0;
  }
}

TransferAnswer judge_origin(std::span<const TransferRow> rows, const Origin& origin,
                            std::string_view importer_regime,
                            std::span<const Instrument> instruments,
                            const TransferQuestion& question, WallTime now) {
  TransferAnswer best{Reason::transfer_no_mechanism, Mechanism::none, origin.first, {}, {}};
  WallTime best_until{};
  const std::string_view importer = country_of(question.importer);
  for (const TransferRow& row : rows) {
    if (row.exporter != origin.first) continue;
    const bool here = row.importer == "*" || row.importer == importer ||
                      row.importer == question.importer ||
                      (!importer_regime.empty() && row.importer == importer_regime);
    if (!here) continue;
    const Verdict verdict = judge_row(row, origin.second, instruments, question, now);
    const bool tie = verdict.reason == best.reason && best.instrument.empty();
    const bool longer = verdict.reason == Reason::permitted && best.reason == Reason::permitted &&
                        verdict.until > best_until;
    if (tells(verdict.reason) <= tells(best.reason) && !longer && !tie) continue;
    best.reason = verdict.reason;
    best.mechanism = row.mechanism;
    best.instrument = row.instrument;
    best_until = verdict.until;
  }
  if (best.reason == Reason::permitted) best.until = best_until;
  return best;
}

}  // namespace

TransferAnswer judge_transfer(const JurisdictionRows& jurisdictions,
                              std::span<const TransferRow> rows, const BindingRows& from,
                              std::span<const Instrument> instruments,
                              const TransferQuestion& question, WallTime now) {
  const JurisdictionRow* importer = find_row(jurisdictions, question.importer);
  if (importer == nullptr) return {};
  const bool origin_unknown = from.unknown || from.codes.empty();
  TransferAnswer answer{Reason::permitted, Mechanism::none, {}, {}, {}};
  // An unknown origin, and no regime in the data that could bind it: nothing can vouch for it.
  const std::set<Origin> all = origins(jurisdictions, rows, from);
  if (origin_unknown && all.empty()) return {};
  for (const Origin& origin : all) {
    if (origin.first == importer->regime) continue;  // stays within the regime
    TransferAnswer one = judge_origin(rows, origin, importer->regime, instruments, question, now);
    if (one.reason != Reason::permitted) return one;
    if (answer.until) one.until = std::min(one.until, answer.until);
    answer = std::move(one);
  }
  return answer;
}

std::string_view to_string(Mechanism mechanism) {
  return mechanism_words.at(static_cast<std::size_t>(mechanism));
}

std::optional<Mechanism> parse_mechanism(std::string_view word) {
  const auto found = std::find(mechanism_words.begin(), mechanism_words.end(), word);
  if (found == mechanism_words.end()) return std::nullopt;
  return static_cast<Mechanism>(found - mechanism_words.begin());
}

std::string_view to_string(TransferStatus status) {
  return status_words.at(static_cast<std::size_t>(status));
}

}  // namespace assent::policy
