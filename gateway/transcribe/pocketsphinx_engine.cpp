#include <pocketsphinx.h>
#include <sphinxbase/err.h>

#include <string_view>
#include <utility>

#include "gateway/transcribe/engines.hpp"
#include "gateway/transcribe/message.hpp"

namespace assent::transcribe {
namespace {

constexpr std::uint64_t frame_samples = sample_rate_hz / 100;  // -frate of the models
// Said without a breath: out comes what there is.
constexpr std::uint64_t utterance_samples_max = 20 * sample_rate_hz;

struct FreeSettings {
  void operator()(cmd_ln_t* settings) const noexcept { cmd_ln_free_r(settings); }
};
using Settings = std::unique_ptr<cmd_ln_t, FreeSettings>;
struct FreeDecoder {
  void operator()(ps_decoder_t* decoder) const noexcept { ps_free(decoder); }
};
using Decoder = std::unique_ptr<ps_decoder_t, FreeDecoder>;

// The dictionary writes the second way of saying a word "read(2)", and what is no word "<sil>",
// "[NOISE]", "++um++" or nothing.
std::string_view word_of(const char* text) {
  const std::string_view entry = text == nullptr ? "" : text;
  if (entry.empty() || entry == "(NULL)" ||
      std::string_view{"<[+"}.find(entry.front()) != entry.npos)
    return {};
  return entry.substr(0, entry.find('(', 1));
}

class PocketSphinx final : public Engine {
 public:
  PocketSphinx(Settings settings, Decoder decoder)
      : settings_{std::move(settings)}, decoder_{std::move(decoder)} {}

  // PocketSphinx finds by itself where somebody begins and ends to speak.
  bool hear(std::span<const std::int16_t> samples, std::vector<Utterance>& out) override {
    if (!listens_ && !begin(true)) return false;
    if (ps_process_raw(decoder_.get(), samples.data(), samples.size(), FALSE, FALSE) < 0)
      return false;
    heard_ += samples.size();
    const bool was_speech = std::exchange(is_speech_, ps_get_in_speech(decoder_.get()) != 0);
    if (is_speech_ && !was_speech) spoken_from_ = heard_;
    const bool is_over = is_speech_ ? heard_ - spoken_from_ > utterance_samples_max : was_speech;
    return !is_over || (end(out) && begin(false));
  }
  bool pause(std::vector<Utterance>& out) override { return !listens_ || end(out); }
  bool finish(std::vector<Utterance>& out) override { return pause(out); }

 private:
  // Its times count from the beginning of a stream, and go on over its silence.
  bool begin(bool is_stream) {
    if (is_stream) {
      stream_from_ = heard_;
      if (ps_start_stream(decoder_.get()) < 0) return false;
    }
    listens_ = ps_start_utt(decoder_.get()) == 0;
    return listens_;
  }

  bool end(std::vector<Utterance>& out) {
    listens_ = is_speech_ = false;
    if (ps_end_utt(decoder_.get()) < 0) return false;
    Utterance utterance;
    for (ps_seg_t* one = ps_seg_iter(decoder_.get()); one != nullptr; one = ps_seg_next(one)) {
      const std::string_view word = word_of(ps_seg_word(one));
      int first = 0;
      int last = -1;
      ps_seg_frames(one, &first, &last);
      if (word.empty() || first < 0 || last < first) continue;
      const auto at = [this](int frame) {
        return std::min(heard_, stream_from_ + frame_samples * static_cast<std::uint64_t>(frame));
      };
      utterance.push_back({std::string{word}, at(first), at(last + 1)});
    }
    if (!utterance.empty()) out.push_back(std::move(utterance));
    return true;
  }

  Settings settings_;
  Decoder decoder_;
  std::uint64_t heard_ = 0;
  std::uint64_t stream_from_ = 0;
  std::uint64_t spoken_from_ = 0;
  bool listens_ = false;
  bool is_speech_ = false;
};

}  // namespace

std::unique_ptr<Engine> make_pocketsphinx(const PocketSphinxConfig& config) {
  err_set_logfp(nullptr);  // it tells what it hears
  const bool has_grammar = !config.grammar.empty();
  const auto& words = has_grammar ? config.grammar : config.language_model;
  Settings settings{cmd_ln_init(nullptr, ps_args(), TRUE, "-hmm", config.model.c_str(), "-dict",
                                config.dictionary.c_str(), has_grammar ? "-jsgf" : "-lm",
                                words.c_str(), nullptr)};
  if (!settings) return nullptr;
  Decoder decoder{ps_init(settings.get())};
  if (!decoder) return nullptr;
  return std::make_unique<PocketSphinx>(std::move(settings), std::move(decoder));
}

}  // namespace assent::transcribe
